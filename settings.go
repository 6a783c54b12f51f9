// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"math"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// settings are all settings.
var settings = []setting{
	{"mode", "rwc", connection, fixed, openMode()},
	{"preset", "default", database, fixed, presetName()},
	{"safety", "", database, anyTime, safetyLevel()},
	{"page_size", "", database, fixed, powerOfTwo(1, 256, 64*kb,
		func(c *Config) *int { return &c.PageSize }, func(o *engine.Options) *int { return &o.PageSize })},
	{"block_size", "", database, fixed, powerOfTwo(kb, 64*kb, 64*mb,
		func(c *Config) *int { return &c.BlockSize }, func(o *engine.Options) *int { return &o.BlockSize })},
	{"compression", "the file's", database, fixed, codecName()},
	{"key_file", "none", connection, fixed, keySource("the path of a file with a key",
		func(c *Config) *string { return &c.KeyFile }, keys.File)},
	{"key_env", "none", connection, fixed, keySource("the name of an environment variable with a key",
		func(c *Config) *string { return &c.KeyEnv }, keys.Env)},
	{"passphrase_file", "none", connection, fixed, keySource("the path of a file with a passphrase",
		func(c *Config) *string { return &c.PassphraseFile }, keys.PassphraseFile)},
	{"passphrase_env", "none", connection, fixed, keySource("the name of an environment variable with a passphrase",
		func(c *Config) *string { return &c.PassphraseEnv }, keys.PassphraseEnv)},
	{"cipher", "the file's", database, fixed, cipherName()},
	{"autoflush", "", database, anyTime, autoFlush()},
	{"autocheckpoint", "", database, anyTime, sizeOrOff("never",
		func(c *Config) *int { return &c.AutoCheckpoint }, func(o *engine.Options) *int { return &o.AutoCheckpoint })},
	{"max_log", "4 times autoflush", database, anyTime, sizeOrOff("no bound",
		func(c *Config) *int { return &c.MaxLog }, func(o *engine.Options) *int { return &o.MaxLog })},
	{"changes", "", database, anyTime, keptChanges()},
	{"automerge", "", database, anyTime, count("segments", 2, math.MaxInt32,
		func(c *Config) *int { return &c.AutoMerge }, func(o *engine.Options) *int { return &o.AutoMerge })},
	{"max_garbage", "", database, anyTime, count("percent", engine.MinMaxGarbage, math.MaxInt32,
		func(c *Config) *int { return &c.MaxGarbage }, func(o *engine.Options) *int { return &o.MaxGarbage })},
	{"autowork", "", database, anyTime, onUnless(
		func(c *Config) *Toggle { return &c.AutoWork }, func(o *engine.Options) *bool { return &o.NoAutoWork })},
	{"background", "", database, fixed, backgroundWork()},
	{"use_log", "", database, anyTime, onUnless(
		func(c *Config) *Toggle { return &c.UseLog }, func(o *engine.Options) *bool { return &o.NoLog })},
	{"readers", "", database, fixed, onOff(
		func(c *Config) *Toggle { return &c.Readers }, func(o *engine.Options) *bool { return &o.Readers })},
	{"readers_hold", "", database, fixed, readersHold()},
	{"allow_missing_log", "", database, fixed, onOff(
		func(c *Config) *Toggle { return &c.AllowMissingLog },
		func(o *engine.Options) *bool { return &o.AllowMissingLog })},
	{"skip_damaged", "", database, anyTime, onOff(
		func(c *Config) *Toggle { return &c.SkipDamaged },
		func(o *engine.Options) *bool { return &o.SkipDamaged })},
	{"max_freelist", "", database, anyTime, count("entries", 2, 24,
		func(c *Config) *int { return &c.MaxFreelist }, func(o *engine.Options) *int { return &o.MaxFreelist })},
	{"cache_size", "", database, fixed, size(kb, 1, math.MaxInt64,
		func(c *Config) *int64 { return &c.CacheSize }, func(o *engine.Options) *int64 { return &o.CacheSize })},
	{"index_size", "", database, fixed, sizeOrOff("none",
		func(c *Config) *int { return &c.IndexSize }, func(o *engine.Options) *int { return &o.IndexSize })},
	{"mmap", "", database, fixed, mappedBytes()},
	{"locking", "", database, fixed, lockingOfFiles()},
	{"multiple_processes", "0", database, fixed, oneProcess()},
	{"busy_timeout", unlimited, connection, anyTime, busyTimeout()},
	{"count_deletes", "on", connection, anyTime, connectionOnOff(func(c *Config) *Toggle { return &c.CountDeletes })},
	{"_txlock", "immediate", connection, anyTime, txLock()},
	{"key_type", "blob", connection, fixed, oneOf(dataTypeNames, func(c *Config) *DataType { return &c.KeyType })},
	{"value_type", "blob", connection, anyTime, valueType()},
}

// settingNamed returns the setting of that name in any case, or nil.
func settingNamed(name string) *setting {
	for i := range settings {
		if strings.EqualFold(settings[i].name, name) {
			return &settings[i]
		}
	}
	return nil
}

// settingNames lists the names of all settings, for an error.
func settingNames() string {
	names := make([]string, len(settings))
	for i := range settings {
		names[i] = settings[i].name
	}
	return strings.Join(names, ", ")
}
