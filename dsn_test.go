// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

func TestParseDSN(t *testing.T) {
	const mb = 1 << 20
	tests := []struct {
		dsn  string
		want lsmlite.Config
	}{
		{"a.lsm", lsmlite.Config{Path: "a.lsm"}},
		{"dir/a b%20.lsm?", lsmlite.Config{Path: "dir/a b%20.lsm"}},
		{":memory:", lsmlite.Config{Path: ":memory:"}},
		{"file:a.lsm", lsmlite.Config{Path: "a.lsm"}},
		{"file:/dir/a%20%3Fb%23.lsm", lsmlite.Config{Path: "/dir/a ?b#.lsm"}},
		{"file:///dir/a.lsm", lsmlite.Config{Path: "/dir/a.lsm"}},
		{"file://localhost/dir/a.lsm?mode=ro", lsmlite.Config{Path: "/dir/a.lsm", Mode: lsmlite.ModeReadOnly}},
		{"file::memory:?mode=memory", lsmlite.Config{Path: ":memory:", Mode: lsmlite.ModeMemory}},
		{"a?MODE=RW&safety=Full", lsmlite.Config{Path: "a", Mode: lsmlite.ModeReadWrite, Safety: lsmlite.SafetyFull}},
		{"a?safety=0", lsmlite.Config{Path: "a", Safety: lsmlite.SafetyOff}},
		{"a?page_size=8192&block_size=256", lsmlite.Config{Path: "a", PageSize: 8192, BlockSize: 256 << 10}},
		{"a?page_size=8KiB&block_size=1MiB", lsmlite.Config{Path: "a", PageSize: 8192, BlockSize: mb}},
		{"a?autoflush=1024&autocheckpoint=2048", lsmlite.Config{Path: "a", AutoFlush: mb, AutoCheckpoint: 2 * mb}},
		{"a?autoflush=16MiB&autocheckpoint=1gb", lsmlite.Config{Path: "a", AutoFlush: 16 * mb, AutoCheckpoint: 1024 * mb}},
		{"a?autoflush=0&autocheckpoint=0", lsmlite.Config{Path: "a", AutoFlush: 1, AutoCheckpoint: -1}},
		{"a?mmap=0", lsmlite.Config{Path: "a", Mmap: -1}},
		{"a?mmap=1", lsmlite.Config{Path: "a", Mmap: engine.MmapAll}},
		{"a?mmap=1024B", lsmlite.Config{Path: "a", Mmap: 1024}},
		{"a?mmap=32768", lsmlite.Config{Path: "a", Mmap: 32 << 20}},
		{"a?autoflush=5000B&cache_size=64M", lsmlite.Config{Path: "a", AutoFlush: 5000, CacheSize: 64 * mb}},
		{"a?allow_missing_log=on", lsmlite.Config{Path: "a", AllowMissingLog: lsmlite.On}},
		{"a?automerge=8&max_freelist=2", lsmlite.Config{Path: "a", AutoMerge: 8, MaxFreelist: 2}},
		{"a?autowork=off&use_log=1&count_deletes=false", lsmlite.Config{Path: "a",
			AutoWork: lsmlite.Off, UseLog: lsmlite.On, CountDeletes: lsmlite.Off}},
		{"a?busy_timeout=250", lsmlite.Config{Path: "a", BusyTimeout: 250 * time.Millisecond}},
		{"a?busy_timeout=1.5s", lsmlite.Config{Path: "a", BusyTimeout: 1500 * time.Millisecond}},
		{"a?busy_timeout=0", lsmlite.Config{Path: "a", BusyTimeout: -1}},
		{"a?busy_timeout=unlimited&", lsmlite.Config{Path: "a"}},
		{"a?_txlock=deferred", lsmlite.Config{Path: "a", TxLock: lsmlite.TxDeferred}},
		{"a?preset=low-memory&cache_size=1MiB&multiple_processes=0", lsmlite.Config{Path: "a", Preset: "low-memory", CacheSize: mb}},
		{"a?autoflush=1MiB&preset=LSMLite-RS", lsmlite.Config{Path: "a", Preset: "lsmlite-rs", AutoFlush: mb}},
		{"a?_txlock=exclusive&background=none&compression=none", lsmlite.Config{Path: "a", Background: lsmlite.BackgroundNone, Compression: "none"}},
		{"a?compression=Zstd&page_size=32768&block_size=64", lsmlite.Config{Path: "a", PageSize: 32768, BlockSize: 65536, Compression: "zstd"}},
		{"a?background=both", lsmlite.Config{Path: "a", Background: lsmlite.BackgroundBoth}},
		{"a?locking=Optional", lsmlite.Config{Path: "a", Locking: lsmlite.LockingOptional}},
		{"a?locking=required", lsmlite.Config{Path: "a", Locking: lsmlite.LockingRequired}},
		{"a?key_type=text&value_type=blob", lsmlite.Config{Path: "a", KeyType: lsmlite.TypeText}},
		{"a?key_type=int64", lsmlite.Config{Path: "a", KeyType: lsmlite.TypeInt64}},
		{"a?key_type=uint64", lsmlite.Config{Path: "a", KeyType: lsmlite.TypeUint64}},
		{"a?key_type=LSM1UINT", lsmlite.Config{Path: "a", KeyType: lsmlite.TypeLSM1Uint}},
	}
	for _, tt := range tests {
		got, err := lsmlite.ParseDSN(tt.dsn)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
			continue
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s\n got %+v\nwant %+v", tt.dsn, got, tt.want)
		}
		again, err := lsmlite.ParseDSN(got.FormatDSN())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s formatted as %s\n got %+v, %v\nwant %+v", tt.dsn, got.FormatDSN(), again, err, got)
		}
	}
}

func TestFormatDSN(t *testing.T) {
	c := lsmlite.Config{Path: "a.lsm", Safety: lsmlite.SafetyFull, AutoFlush: 16 << 20, CacheSize: 1000,
		BusyTimeout: 1500 * time.Microsecond, AutoWork: lsmlite.Off}
	if got, want := c.FormatDSN(), "a.lsm?safety=full&autoflush=16384&autowork=0&cache_size=1000B&busy_timeout=1.5ms"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// No error shows what may be a key.
func TestDSNShowsNoSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, name := range []string{"key", "hexkey", "passphrase", "password", "KEY", "k%65y", "_pragma_key", "textkey"} {
		for _, value := range []string{"=" + secret, "=%zz" + secret, "=" + secret + "%", "=a&b=" + secret} {
			_, err := lsmlite.ParseDSN("a.lsm?safety=full&" + name + value)
			checkError(t, name, err, "use key_file, key_env, passphrase_file or passphrase_env", lsmlite.ErrMisuse)
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s%s: %v", name, value, err)
			}
		}
	}
	_, err := lsmlite.ParseDSN("a.lsm?key_env=" + secret + "%zz")
	checkError(t, "bad escape", err, "bad escape in the value of key_env", lsmlite.ErrMisuse)
	if strings.Contains(err.Error(), secret) {
		t.Error(err)
	}
}

func TestDSNErrors(t *testing.T) {
	tests := []struct{ dsn, err string }{
		{"", "the path is empty"},
		{"file:", "the path is empty"},
		{"file://host/a", "another host"},
		{"file:a#b", "%23"},
		{"file:a%zz", "write %25 for %"},
		{"a?nonsense=1", `unknown setting "nonsense"; allowed: mode, preset, safety, page_size`},
		{"a?safety", "safety has no value"},
		{"a?safety=", `bad value "" for safety; allowed: off, normal, full`},
		{"a?safety=very", `bad value "very" for safety; allowed: off, normal, full`},
		{"a?safety=off&safety=off", "safety is set twice"},
		{"a?mode=%zz", "bad escape in the value of mode"},
		{"a?m%zz=1", "bad escape in the name of a setting"},
		{"a?key_file=", `bad value "" for key_file; allowed: the path of a file with a key`},
		{"a?key_file=a&passphrase_env=b", "several keys"},
		{"a?cipher=rot13", `bad value "rot13" for cipher; allowed: aes-256-gcm, chacha20-poly1305`},
		{"a?mode=rwx", "allowed: rwc, rw, ro, memory"},
		{":memory:?mode=ro", "has none"},
		{"a?page_size=1000", "a power of two from 256 to 65536"},
		{"a?page_size=128", "a power of two"},
		{"a?page_size=128KiB", "a power of two"},
		{"a?page_size=-4096", "a power of two"},
		{"a?block_size=63", "a power of two from 64 to 65536"},
		{"a?page_size=65536&block_size=64", ""}, // the engine says what is wrong with the pair
		{"a?autoflush=2GiB", fmt.Sprintf("0 to %d", engine.MaxAutoFlush>>10)},
		{"a?autoflush=x", fmt.Sprintf("0 to %d", engine.MaxAutoFlush>>10)},
		{"a?autoflush=99999999999999999999", fmt.Sprintf("0 to %d", engine.MaxAutoFlush>>10)},
		{"a?autocheckpoint=-1", "0 to 2097151 KB; 0 is never (or a size such as 16MiB)"},
		{"a?max_log=-1", "0 to 2097151 KB; 0 is no bound"},
		{"a?cache_size=0", "1 or more"},
		{"a?mmap=-1", "all of the file"},
		{"a?mmap=some", "all of the file"},
		{"a?cache_size=9999999999999999999", "1 or more"},
		{"a?automerge=1", "2 or more"},
		{"a?max_freelist=25", "2 to 24"},
		{"a?autowork=maybe", "on, off"},
		{"a?busy_timeout=-5", "milliseconds"},
		{"a?busy_timeout=9223372036854775807", "milliseconds"},
		{"a?busy_timeout=soon", "milliseconds"},
		{"a?_txlock=later", "immediate, deferred"},
		{"a?value_type=int64", `bad value "int64" for value_type; allowed: blob, text`},
		{"a?key_type=json", `bad value "json" for key_type`},
		{"a?background=all", "bad value \"all\" for background; allowed: none, merger, checkpointer, both"},
		{"a?locking=none", `bad value "none" for locking; allowed: required, optional`},
		{"a?locking=", `bad value "" for locking; allowed: required, optional`},
		{"a?preset=fast", `bad value "fast" for preset; allowed: default, low-memory, high-performance, lsmlite-rs`},
		{"a?multiple_processes=1", "multiple_processes=1 is refused: one process has the file open at a time"},
		{"a?use_log=0&safety=full", "safety=full promises that no commit is lost"},
		{"a?compression=", `bad value "" for compression`},
		{"a?compression=rar", `compression "rar"; want none, lz4, zlib, zstd, snappy`},
		{"a?compression=zstd&page_size=65536&block_size=64", "do not fit into a block"},
	}
	for _, tt := range tests {
		_, err := lsmlite.ParseDSN(tt.dsn)
		checkError(t, tt.dsn, err, tt.err, lsmlite.ErrMisuse)
	}
}

func TestNewConnectorRefusesBadConfig(t *testing.T) {
	tests := []struct {
		cfg lsmlite.Config
		err string
	}{
		{lsmlite.Config{}, "the path is empty"},
		{lsmlite.Config{Path: "a", Mode: 9}, "mode"},
		{lsmlite.Config{Path: "a", Safety: 9}, "safety"},
		{lsmlite.Config{Path: "a", PageSize: 1000}, "page_size"},
		{lsmlite.Config{Path: "a", AutoFlush: -1}, "autoflush"},
		{lsmlite.Config{Path: "a", AutoMerge: 1}, "automerge"},
		{lsmlite.Config{Path: "a", UseLog: 7}, "use_log"},
		{lsmlite.Config{Path: "a", TxLock: 7}, "_txlock"},
		{lsmlite.Config{Path: "a", KeyType: 7}, "key_type"},
		{lsmlite.Config{Path: "a", CacheSize: -1}, "cache_size"},
	}
	for _, tt := range tests {
		_, err := lsmlite.NewConnector(tt.cfg)
		checkError(t, tt.cfg.FormatDSN(), err, tt.err, lsmlite.ErrMisuse)
	}
}

func FuzzDSN(f *testing.F) {
	for _, seed := range []string{"a", ":memory:?safety=full", "file:///a%3f?autoflush=3B&busy_timeout=7us",
		"file:a?mode=ro&cache_size=1GiB&autocheckpoint=0", "file:////x%23?automerge=9", "a?page_size=256&block_size=64"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		c, err := lsmlite.ParseDSN(dsn)
		if err != nil {
			return
		}
		again, err := lsmlite.ParseDSN(c.FormatDSN())
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%q gives %+v, formatted %q, and that %+v, %v", dsn, c, c.FormatDSN(), again, err)
		}
	})
}
