// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// logLoad is a way of writing that adds to the log and leaves little to flush.
type logLoad struct {
	name    string
	safety  engine.Safety
	commits int
	write   func(tx *engine.Tx, i int) error
}

var logLoads = []logLoad{
	{"one key of 100 bytes", engine.SafetyNormal, 80_000, func(tx *engine.Tx, i int) error {
		return tx.Put([]byte("k"), fmt.Appendf(nil, "%0100d", i))
	}},
	{"ten keys of 4 KB", engine.SafetyNormal, 4_000, func(tx *engine.Tx, i int) error {
		return tx.Put([]byte{byte(i % 10)}, make([]byte, 4000))
	}},
	{"one key of 100 KB", engine.SafetyNormal, 200, func(tx *engine.Tx, i int) error {
		return tx.Put([]byte("k"), make([]byte, 100_000))
	}},
	{"a key that is not there is deleted", engine.SafetyNormal, 400_000, func(tx *engine.Tx, i int) error {
		return tx.Delete([]byte("k"))
	}},
	{"commits that fill a sector", engine.SafetyFull, 20_000, func(tx *engine.Tx, i int) error {
		return tx.Put(binary.BigEndian.AppendUint32(nil, uint32(i%1000)), nil)
	}},
	{"random overwrites of 2 MB", engine.SafetyNormal, 50_000, func(tx *engine.Tx, i int) error {
		return tx.Put(binary.BigEndian.AppendUint64(nil, uint64(i)*0x9E3779B97F4A7C15>>51), make([]byte, 250))
	}},
}

// TestLogStaysBounded writes many times the bound of the log in ways that leave little to
// flush, in every mode. What is needed of the log, its file, the database file and the trees
// stay within their bounds all the time.
func TestLogStaysBounded(t *testing.T) {
	t.Parallel()
	modes, loads := backgrounds, logLoads
	if engine.RaceDetector {
		// The mode in which the most can race, and the load that flushes and merges the most.
		modes, loads = []engine.Background{engine.BackgroundBoth}, logLoads[len(logLoads)-1:]
	}
	progress := longtest.Start(t, 6*time.Second, len(loads)*len(modes))
	for _, load := range loads {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %v", load.name, mode), func(t *testing.T) {
				o := engine.Options{FS: memfs.New(), Background: mode, Safety: load.safety, AutoFlush: 64 << 10,
					MaxLog: 256 << 10, AutoCheckpoint: 64 << 20, BlockSize: 64 << 10}
				loadLog(t, o, load)
				progress.Step()
			})
		}
	}
}

func loadLog(t *testing.T, o engine.Options, load logLoad) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	limit := int64(db.Options().MaxLog)
	const transaction = 101_000 // the largest
	needed, length := limit+transaction, 2*limit+3*transaction
	if o.Background != engine.BackgroundNone {
		needed, length = 2*limit+transaction, 4*limit+3*transaction
	}
	check := func() {
		t.Helper()
		s := db.Stats()
		if s.LogBytes > needed || s.LogFileBytes > length {
			t.Fatalf("%d bytes of the log are needed, of a file of %d; the limit is %d", s.LogBytes, s.LogFileBytes, limit)
		}
		if trees := s.LiveBytes + s.OldBytes; trees > 3*int64(o.AutoFlush)+transaction {
			t.Fatalf("the trees have %d bytes", trees)
		}
		if s.FileBytes > 16<<20 {
			t.Fatalf("the file has %d bytes", s.FileBytes)
		}
	}
	for i := range load.commits {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return load.write(tx, i) }); err != nil {
			t.Fatal(err)
		}
		if i%64 == 0 {
			check()
		}
	}
	s := db.Stats()
	if s.LogBytesWritten < 10*limit || s.Checkpoints < 3 {
		t.Fatalf("%d bytes were logged and %d checkpoints made: the limit of %d was not tried", s.LogBytesWritten, s.Checkpoints, limit)
	}
	again := o
	again.FS = o.FS.(*memfs.FS).Crash(rand.New(rand.NewPCG(1, 1)), memfs.CrashKeepAll)
	killed, err := engine.Open(ctx, "/x.lsm", again)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rows(t, killed), rows(t, db); got != want {
		t.Errorf("%d rows after the process was killed, %d before", got, want)
	}
	expectSound(t, killed)
	expectSound(t, db)
	if err := errors.Join(killed.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, db *engine.DB) (n int) {
	t.Helper()
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		for ok := c.First(); ok; ok = c.Next() {
			n++
		}
		return errors.Join(c.Err(), c.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDefaultMaxLog reads the default, which follows autoflush, and changes both.
func TestDefaultMaxLog(t *testing.T) {
	db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	expect := func(want int) {
		t.Helper()
		if got := db.Options().MaxLog; got != want {
			t.Errorf("max_log is %d, want %d", got, want)
		}
	}
	expect(engine.DefaultMaxLogFactor * engine.DefaultAutoFlush)
	autoFlush := func(bytes int) func(*engine.Options) { return func(o *engine.Options) { o.AutoFlush = bytes } }
	maxLog := func(bytes int) func(*engine.Options) { return func(o *engine.Options) { o.MaxLog = bytes } }
	for _, step := range []struct {
		change func(*engine.Options)
		want   int
	}{
		{autoFlush(1), engine.MinDefaultMaxLog},
		{autoFlush(2 << 20), 8 << 20},
		{maxLog(5 << 20), 5 << 20},
		{autoFlush(4 << 20), 5 << 20},
		{maxLog(-1), -1},
		{maxLog(0), 16 << 20},
	} {
		if err := db.Set(step.change); err != nil {
			t.Fatal(err)
		}
		expect(step.want)
	}
}

// TestAutoCheckpointCountsTheLog lets a checkpoint be due by what it frees of the log, though
// next to nothing is written to the file, and by nothing if both bounds are off.
func TestAutoCheckpointCountsTheLog(t *testing.T) {
	for _, test := range []struct {
		autoCheckpoint, maxLog int
		want                   bool
	}{{1 << 20, -1, true}, {-1, 1 << 20, true}, {-1, -1, false}} {
		db, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: 64 << 10,
			AutoCheckpoint: test.autoCheckpoint, MaxLog: test.maxLog})
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if err := db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put([]byte("k"), make([]byte, 1000)) }); err != nil {
				t.Fatal(err)
			}
		}
		if s := db.Stats(); s.Checkpoints > 0 != test.want || s.BytesWritten > 1<<20 {
			t.Errorf("%+v: %d checkpoints, %d bytes written to the file", test, s.Checkpoints, s.BytesWritten)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogFileIsCutAfterALargeTransaction commits one, and rolls one back.
func TestLogFileIsCutAfterALargeTransaction(t *testing.T) {
	ctx := context.Background()
	for _, mode := range backgrounds {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: 64 << 10, Background: mode, BlockSize: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		limit := int64(db.Options().MaxLog)
		large := func() *engine.Tx {
			tx, err := db.Begin(ctx)
			for i := 0; err == nil && i < 20; i++ {
				err = tx.Put([]byte{byte(i)}, make([]byte, limit))
			}
			if err != nil {
				t.Fatal(err)
			}
			return tx
		}
		if err := large().Commit(ctx); err != nil {
			t.Fatal(err)
		}
		small := func() {
			t.Helper()
			for i := range 3000 {
				if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, make([]byte, 1000)) }); err != nil {
					t.Fatal(err)
				}
			}
			if s := db.Stats(); s.LogFileBytes > 3*limit {
				t.Errorf("mode %v: the log has %d bytes, of which %d are needed", mode, s.LogFileBytes, s.LogBytes)
			}
		}
		small()
		if err := large().Rollback(); err != nil {
			t.Fatal(err)
		}
		small()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRolledBackWritesTakeNoMemory rolls back transactions whose writes a cursor has seen, so
// that their memory cannot be given back one by one.
func TestRolledBackWritesTakeNoMemory(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for range 200 {
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Put([]byte("k"), make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		c, err := tx.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Close(), tx.Rollback()); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 20<<20 {
		t.Errorf("%d MB are held after 200 MB were rolled back", grown>>20)
	}
	if n := rows(t, db); n != 0 {
		t.Errorf("%d rows", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCursorOfATransactionBoundsMemory keeps a cursor that shows what its transaction has
// written. The tree keeps all nodes after it; they make it full, as its records do.
func TestCursorOfATransactionBoundsMemory(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), AutoFlush: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	var c *engine.Cursor
	for i := range 30_000 {
		err := db.Update(ctx, func(tx *engine.Tx) (err error) {
			if err := tx.Put(binary.BigEndian.AppendUint32(nil, uint32(i*7919%2000)), nil); err != nil || i != 2000 {
				return err
			}
			c, err = tx.Cursor()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 24<<20 {
		t.Errorf("%d MB are held, autoflush is 4", grown>>20)
	}
	if err := errors.Join(c.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

var hotMB = flag.Int("hotkeys.mb", 16, "MB that TestHotKeys writes in each run")

// TestHotKeys measures how long the log and the file become, and how large the heap, while a
// few keys are written again and again on a real file.
//
//	go test ./engine -run TestHotKeys -hotkeys.mb=100 -v
func TestHotKeys(t *testing.T) {
	progress := longtest.Start(t, 10*time.Second, 4*len(backgrounds))
	mb := *hotMB
	if engine.RaceDetector {
		mb = (mb + 7) / 8
	}
	for _, mode := range backgrounds {
		for _, o := range []engine.Options{engine.PresetLowMemory(), engine.PresetDefault()} {
			for _, size := range []int{100, 100_000} {
				o.Background = mode
				hotKey(t, o, size, mb<<20)
				progress.Step()
			}
		}
	}
}

func hotKey(t *testing.T, o engine.Options, size, total int) {
	ctx := context.Background()
	path := t.TempDir() + "/x.lsm"
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	limit := int64(db.Options().MaxLog)
	var log, file, most int64
	before := heap()
	for i := range total / size {
		err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), make([]byte, size)) })
		if err != nil {
			t.Fatal(err)
		}
		if i%(1+total/size/100) > 0 {
			continue
		}
		for name, longest := range map[string]*int64{path: &file, path + "-log": &log} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			*longest = max(*longest, info.Size())
		}
		most = max(most, heap()-before)
	}
	if log > 3*limit || file > limit || most > 4*int64(o.AutoFlush)+4<<20 {
		t.Errorf("a log of %d bytes with max_log=%d, a file of %d, a heap of %d", log, limit, file, most)
	}
	t.Logf("%d bytes, autoflush %d KiB, background %v: log file %.1f MiB, file %.1f MiB, heap %.1f MiB",
		size, o.AutoFlush>>10, o.Background, float64(log)/(1<<20), float64(file)/(1<<20), float64(most)/(1<<20))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
