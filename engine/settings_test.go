// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestPresets opens a database with each preset and looks at what is in force.
func TestPresets(t *testing.T) {
	for _, name := range engine.PresetNames() {
		o, ok := engine.Preset(name)
		if !ok || o.Validate() != nil {
			t.Fatalf("%s: %v, %v", name, ok, o.Validate())
		}
		o.FS, o.AutoMerge = memfs.New(), 7 // to be changed further
		db, err := engine.Open(context.Background(), "/x.lsm", o)
		if err != nil {
			t.Fatal(err)
		}
		got := db.Options()
		if got.AutoFlush != o.AutoFlush || got.AutoCheckpoint != o.AutoCheckpoint || got.BlockSize != o.BlockSize ||
			got.PageSize != o.PageSize || got.CacheSize != o.CacheSize || got.Background != o.Background || got.AutoMerge != 7 {
			t.Errorf("%s: %+v, asked for %+v", name, got, o)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := engine.Preset("fast"); ok {
		t.Error("there is a preset called fast")
	}
	// What users of lsmlite-rs rely on.
	if o := engine.PresetLSMLiteRS(); o.AutoFlush != 16<<20 || o.PageSize != 4<<10 || o.BlockSize != 8<<20 || o.AutoCheckpoint != 4<<20 || o.Safety != engine.SafetyNormal {
		t.Errorf("lsmlite-rs: %+v", o)
	}
}

// TestInvalidOptions wants each combination that cannot be refused with the reason.
func TestInvalidOptions(t *testing.T) {
	for _, test := range []struct {
		o    engine.Options
		text string
	}{
		{engine.Options{PageSize: 100}, "lsmlite: options: page size 100; want a power of two from 256 to 65536"},
		{engine.Options{PageSize: 131072}, "page size 131072"},
		{engine.Options{BlockSize: 1000}, "block size 1000; want a power of two from 65536 to 67108864"},
		{engine.Options{PageSize: 65536, BlockSize: 131072}, "fewer than 4 pages"},
		{engine.Options{AutoFlush: -1}, "autoflush -1"},
		{engine.Options{AutoFlush: engine.MaxAutoFlush + 1}, fmt.Sprintf("autoflush %d; want 1 to %[2]d bytes", engine.MaxAutoFlush+1, engine.MaxAutoFlush)},
		{engine.Options{AutoMerge: 1}, "automerge 1; want 2 segments or more"},
		{engine.Options{MaxFreelist: 1}, "max_freelist 1; want 2 to 24 entries"},
		{engine.Options{MaxFreelist: 25}, "max_freelist 25; want 2 to 24 entries"},
		{engine.Options{Safety: 9}, "safety 9; want off, normal or full"},
		{engine.Options{Background: 4}, "background 4; want none, merger, checkpointer or both"},
		{engine.Options{CacheSize: -1}, "cache size -1; want 1 byte or more"},
		{engine.Options{Mmap: -1}, "mmap -1; want 0 for none, or a number of bytes"},
		{engine.Options{Compression: "rar"}, `compression "rar"; want none, lz4, zlib, zstd, snappy, or the name or id`},
		{engine.Options{NoLog: true, ReadOnly: true}, "read-only"},
		{engine.Options{NoLog: true, Safety: engine.SafetyFull}, "use another of the two"},
	} {
		fs := memfs.New()
		test.o.FS = fs
		_, err := engine.Open(context.Background(), "/x.lsm", test.o)
		if !errors.Is(err, engine.ErrMisuse) || errors.Is(err, engine.ErrCorrupt) || strings.Contains(err.Error(), "corrupt") || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%+v: %v; want %q", test.o, err, test.text)
		}
		if _, err := fs.Stat("/x.lsm"); err == nil {
			t.Errorf("%+v: a file was made", test.o)
		}
	}
}

// TestUseLog switches the log off and on again. A process that is killed without it loses
// what came after; from the moment it is back on, nothing.
func TestUseLog(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) {
		t.Helper()
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte("v")) }); err != nil {
			t.Fatal(err)
		}
	}
	keys := func() string {
		t.Helper()
		killed, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem.Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashKeepAll)})
		if err != nil {
			t.Fatal(err)
		}
		defer killed.Close()
		s, err := killed.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c, err := s.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var out []string
		for ok := c.First(); ok; ok = c.Next() {
			out = append(out, string(c.Key()))
		}
		return fmt.Sprint(out)
	}
	put("a")
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.NoLog = true }); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("inside a transaction: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.NoLog = true }); err != nil || !db.Options().NoLog {
		t.Fatal(err, db.Options().NoLog)
	}
	if err := db.Set(func(o *engine.Options) { o.Safety = engine.SafetyFull }); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("safety=full without a log: %v", err)
	}
	put("b")
	if got := keys(); got != "[a]" {
		t.Errorf("killed without a log: %s", got)
	}
	if err := db.Set(func(o *engine.Options) { o.NoLog = false }); err != nil {
		t.Fatal(err)
	}
	put("c")
	if got := keys(); got != "[a b c]" {
		t.Errorf("killed with the log on again: %s", got)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
