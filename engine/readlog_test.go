// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// readLog returns what is in a log, one text for each write or delete that was committed, and the end.
func readLog(t *testing.T, path string, o engine.ReadLogOptions) (ops []string, end engine.LogRecord, restarts int) {
	t.Helper()
	var open []string
	for r, err := range engine.ReadLog(context.Background(), path, o) {
		ok(t, err)
		if end.End != nil {
			t.Fatalf("%+v comes after the end", r)
		}
		switch r.Kind {
		case engine.LogWrite:
			open = append(open, fmt.Sprintf("write %q %q %d", r.Key, r.Value, r.ValueLen))
		case engine.LogDelete:
			open = append(open, fmt.Sprintf("delete %q", r.Key))
		case engine.LogDeleteRange:
			open = append(open, fmt.Sprintf("delete %q to %q", r.Key, r.EndKey))
		case engine.LogCommit:
			ops, open = append(ops, open...), nil
			if r.Place == (engine.LogPlace{}) || r.Sum != engine.LogSumGood && r.Sum != engine.LogSumUnknown {
				t.Errorf("%+v", r)
			}
		case engine.LogRestart:
			restarts++
		case engine.LogEnd:
			end = r
			if int(r.End.Uncommitted) < len(open) || r.End.Why == "" {
				t.Errorf("%d operations without a commit, the end is %+v", len(open), r.End)
			}
		case engine.LogPad, engine.LogHead, engine.LogJump, engine.LogFrame, engine.LogKeyFrame:
		default:
			t.Errorf("%+v", r)
		}
	}
	if end.End == nil {
		t.Fatal("the log has no end")
	}
	return ops, end, restarts
}

// TestReadLogShowsWhatWasWritten also after the log was damaged, up to there.
func TestReadLogShowsWhatWasWritten(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: mem, NoAutoWork: true})
	defer db.Close()
	long := strings.Repeat("v", 5000)
	ok(t, db.Update(ctx, func(tx *engine.Tx) error {
		return errors.Join(tx.Put([]byte("a"), []byte("1")), tx.Put([]byte("b"), []byte(long)), tx.Delete([]byte("a")))
	}))
	ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.DeleteRange([]byte("a"), []byte("c")) }))
	want := []string{`write "a" "1" 1`, fmt.Sprintf("write %q %q 5000", "b", long[:1024]), `delete "a"`, `delete "a" to "c"`}
	o := engine.ReadLogOptions{FS: mem}
	ops, end, _ := readLog(t, "/x", o)
	if !slices.Equal(ops, want) || end.End.Commits != 2 || end.End.Uncommitted != 0 || end.End.Torn {
		t.Errorf("%q, %+v", ops, end.End)
	}
	if regions := db.LogStructure(); end.End.Regions != regions || end.Place.Offset != regions[2].End {
		t.Errorf("regions %v, the database says %v", end.End.Regions, regions)
	}
	if again, end, _ := readLog(t, "/x-log", o); !slices.Equal(again, want) || end.End.Commits != 2 {
		t.Errorf("by the log's name: %q", again)
	}
	o.FromStart, o.MaxBytes = true, -1
	first := engine.LogSumNone
	for r, err := range engine.ReadLog(ctx, "/x", o) {
		ok(t, err)
		if r.Offset == 0 && (r.Kind != engine.LogHead || r.Bytes != 47) {
			t.Errorf("the log begins with %+v", r)
		}
		if len(r.Key)+len(r.Value)+len(r.EndKey) > 0 {
			t.Errorf("bytes of %+v", r)
		}
		if first == "" {
			first = r.Sum
		}
	}
	if first != engine.LogSumUnknown {
		t.Errorf("the first checksum is %q", first)
	}

	o = engine.ReadLogOptions{FS: mem}
	log, err := mem.ReadFile("/x-log")
	ok(t, err)
	ok(t, mem.WriteFile("/y-log", log)) // without a database
	if ops, end, _ := readLog(t, "/y-log", o); !slices.Equal(ops, want) {
		t.Errorf("without a database: %q, %+v", ops, end.End)
	}
	log[end.Place.Offset-3] ^= 1
	copied := mem.Clone()
	ok(t, copied.WriteFile("/x-log", log))
	o.FS = copied
	ops, end, _ = readLog(t, "/x", o)
	if !slices.Equal(ops, want[:3]) || !end.End.Torn || end.End.Commits != 1 || end.End.Uncommitted != 1 || end.Sum != engine.LogSumBad {
		t.Errorf("the last commit is damaged: %q, %+v", ops, end.End)
	}
	ok(t, copied.Remove("/x-log"))
	if ops, end, _ := readLog(t, "/x", o); len(ops) > 0 || end.End.Why != "there is no log" {
		t.Errorf("no log: %q, %+v", ops, end.End)
	}
	for _, path := range []string{"/missing", "/missing-log"} {
		for r, err := range engine.ReadLog(ctx, path, o) {
			if !errors.Is(err, engine.ErrCantOpen) {
				t.Errorf("%s: %+v, %v", path, r, err)
			}
		}
	}
}

// TestReadLogFollows reads on while a database is written, merged, closed and opened, and sees each
// transaction once, unless it says that some are gone.
func TestReadLogFollows(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	r := rand.New(rand.NewPCG(3, 3))
	opts := engine.Options{FS: mem, AutoFlush: 16 << 10, MaxLog: 300 << 10, AutoCheckpoint: 100 << 10}
	db := mustOpen(t, "/x", opts)
	o := engine.ReadLogOptions{FS: mem, MaxBytes: 20}
	var got, want []string
	restarts, lost := 0, 0
	for i := range 3000 {
		key := fmt.Sprintf("key%05d", i)
		value := longValue(r.IntN(3000))
		want = append(want, fmt.Sprintf("write %q %q %d", key, value[:min(len(value), 20)], len(value)))
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), value) }))
		if i%500 == 499 {
			ok(t, db.Close())
			db = mustOpen(t, "/x", opts)
		}
		if r.IntN(8) > 0 {
			continue
		}
		ops, end, again := readLog(t, "/x", o)
		restarts += again
		o.After = end.Place
		for len(want) > len(got)+len(ops) { // they are gone
			if again == 0 && i%500 != 499 && o.After.Offset > 0 && len(ops) > 0 {
				t.Fatalf("step %d: %d transactions are missing, and nothing says so", i, len(want)-len(got)-len(ops))
			}
			want = slices.Delete(want, len(got), len(got)+1)
			lost++
		}
		got = append(got, ops...)
		if !slices.Equal(got, want) {
			t.Fatalf("step %d: %d operations were read, %d written", i, len(got), len(want))
		}
	}
	ok(t, db.Close())
	t.Logf("%d transactions were read, %d were gone, %d restarts", len(got), lost, restarts)
	if len(got) < 2000 || lost > 0 && restarts == 0 {
		t.Errorf("%d transactions were read, %d were gone, %d restarts", len(got), lost, restarts)
	}
}

// TestReadLogGolden reads the logs of C lsm1: what recovery replays is in them.
func TestReadLogGolden(t *testing.T) {
	logs, commits := 0, int64(0)
	for _, dir := range goldenDirs(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.db"))
		ok(t, err)
		for _, name := range names {
			ops, end, _ := readLog(t, name, engine.ReadLogOptions{})
			var e engine.OpenEvent
			db := mustOpen(t, name, engine.Options{ReadOnly: true, Observer: &engine.Observer{Opened: func(o engine.OpenEvent) { e = o }}})
			if int64(e.RecoveredCommits) != end.End.Commits || int(e.RecoveredRecords) != len(ops) {
				t.Errorf("%s: %d transactions with %d operations, recovery has %d with %d",
					name, end.End.Commits, len(ops), e.RecoveredCommits, e.RecoveredRecords)
			}
			ok(t, db.Close())
			if end.End.Bytes > 0 {
				logs++
				commits += end.End.Commits
			}
		}
	}
	if logs == 0 || commits == 0 {
		t.Errorf("%d logs with %d transactions", logs, commits)
	}
}

// TestReadLogTakesLittleMemory: whatever the log holds, and whatever is asked for.
func TestReadLogTakesLittleMemory(t *testing.T) {
	notUnderRace(t)
	ctx, mem := context.Background(), memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: mem, NoAutoWork: true})
	defer db.Close()
	ok(t, db.Update(ctx, func(tx *engine.Tx) error {
		return errors.Join(tx.Put(longValue(1<<20), longValue(20<<20)), tx.Put([]byte("b"), longValue(20<<20)))
	}))
	for _, tt := range []struct{ ask, most int }{{0, engine.DefaultLogBytes}, {100 << 20, engine.MaxLogBytes}} {
		var longest int
		if n := allocated(func() {
			for r, err := range engine.ReadLog(ctx, "/x", engine.ReadLogOptions{FS: mem, MaxBytes: tt.ask}) {
				ok(t, err)
				longest = max(longest, len(r.Key), len(r.Value))
			}
		}); n > 1<<20+5*tt.most || longest != tt.most {
			t.Errorf("MaxBytes %d: %d bytes were allocated, and one part has %d", tt.ask, n, longest)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for r, err := range engine.ReadLog(ctx, "/x", engine.ReadLogOptions{FS: mem}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %+v, %v", r, err)
		}
	}
}
