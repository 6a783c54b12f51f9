package lsmlite

import (
	"errors"
	"math"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// A setting is something that can be written in a DSN and a Config, and read, sometimes
// changed, by PRAGMA. It is a row of the table below, which is the only place that knows it:
// a new setting is a row, a field of Config, and the field of engine.Options that it sets.
// Tests compare the documents with the rows.
type setting struct {
	name string
	// standard is the default. For a setting of the engine it is empty, as the engine knows
	// it, unless the default is no value: then it says in words what that is.
	standard string
	scope    scope
	when     when
	access
}

// access is how a setting gets from text into a Config, from there into the options of the
// engine, and back. See settingkinds.go for those of each kind.
type access struct {
	// values lists what is allowed, with its unit.
	values string
	// parse reads text into the Config, and fails with errValue if it is none of values.
	parse func(c *Config, text string) error
	// text returns what the Config says, as parse reads it; "" if it says nothing. It is nil
	// for a setting that has one possible value, which no Config holds.
	text func(c *Config) string
	// save puts what c says into o, and load what o says into c. They are nil for a setting
	// that the engine does not have. save is called only if c says something.
	save, load func(c *Config, o *engine.Options)
}

// scope is for whom a value of a setting holds.
type scope uint8

const (
	// database: for everybody in this process who has the database open. They must agree on it.
	database scope = iota
	// connection: for one connection.
	connection
)

// when says whether a setting can be changed while the database is open.
type when uint8

const (
	fixed when = iota
	anyTime
)

const (
	kb = 1 << 10
	mb = 1 << 20
)

var settings = []setting{
	{"mode", "rwc", connection, fixed, openMode()},
	{"preset", "default", database, fixed, presetName()},
	{"safety", "", database, anyTime, safetyLevel()},
	{"page_size", "", database, fixed, powerOfTwo(1, 256, 64*kb,
		func(c *Config) *int { return &c.PageSize }, func(o *engine.Options) *int { return &o.PageSize })},
	{"block_size", "", database, fixed, powerOfTwo(kb, 64*kb, 64*mb,
		func(c *Config) *int { return &c.BlockSize }, func(o *engine.Options) *int { return &o.BlockSize })},
	{"compression", "the file's", database, fixed, codecName()},
	{"autoflush", "", database, anyTime, autoFlush()},
	{"autocheckpoint", "", database, anyTime, sizeOrOff("never",
		func(c *Config) *int { return &c.AutoCheckpoint }, func(o *engine.Options) *int { return &o.AutoCheckpoint })},
	{"max_log", "4 times autoflush", database, anyTime, sizeOrOff("no bound",
		func(c *Config) *int { return &c.MaxLog }, func(o *engine.Options) *int { return &o.MaxLog })},
	{"automerge", "", database, anyTime, count("segments", 2, math.MaxInt32,
		func(c *Config) *int { return &c.AutoMerge }, func(o *engine.Options) *int { return &o.AutoMerge })},
	{"autowork", "", database, anyTime, onUnless(
		func(c *Config) *Toggle { return &c.AutoWork }, func(o *engine.Options) *bool { return &o.NoAutoWork })},
	{"background", "", database, fixed, backgroundWork()},
	{"use_log", "", database, anyTime, onUnless(
		func(c *Config) *Toggle { return &c.UseLog }, func(o *engine.Options) *bool { return &o.NoLog })},
	{"allow_missing_log", "", database, fixed, onOff(
		func(c *Config) *Toggle { return &c.AllowMissingLog },
		func(o *engine.Options) *bool { return &o.AllowMissingLog })},
	{"max_freelist", "", database, anyTime, count("entries", 2, 24,
		func(c *Config) *int { return &c.MaxFreelist }, func(o *engine.Options) *int { return &o.MaxFreelist })},
	{"cache_size", "", database, fixed, size(kb, 1, math.MaxInt64,
		func(c *Config) *int64 { return &c.CacheSize }, func(o *engine.Options) *int64 { return &o.CacheSize })},
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

// said returns what c says of the setting, as text; "" if nothing.
func (s *setting) said(c *Config) string {
	if s.text == nil {
		return ""
	}
	return s.text(c)
}

// saved returns the value that options of the engine have.
func (s *setting) saved(o engine.Options) string {
	var c Config
	s.load(&c, &o)
	return s.text(&c)
}

// shown returns what c says of the setting as PRAGMA shows it: the default, if c says nothing.
func (s *setting) shown(c *Config) string {
	var d Config
	if text := s.said(c); text != "" {
		return text
	}
	if err := s.parse(&d, s.standard); err == nil && s.said(&d) != "" {
		return s.said(&d)
	}
	return s.standard
}

// refusal is the reason why a value that belongs to a setting is not taken.
type refusal string

func (r refusal) Error() string { return string(r) }

// apply reads text into c and explains a text that it cannot read.
func (s *setting) apply(c *Config, text string) error {
	err := s.parse(c, text)
	var refused refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return misusef("open", "%s=%s is refused: %s", s.name, text, refused)
	}
	return s.badValue(text)
}

func (s *setting) badValue(text string) error {
	return misusef("open", "bad value %q for %s; allowed: %s", text, s.name, s.values)
}
