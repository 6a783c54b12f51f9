// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// withChanges are options of a database of which changes are kept.
func withChanges(fs *memfs.FS) engine.Options {
	return engine.Options{FS: fs, Changes: 1 << 20, AutoFlush: 64 << 10, PageSize: 1024, BlockSize: 64 << 10}
}

// render renders a change, and reads its long values.
func render(c engine.Change) (string, error) {
	var b strings.Builder
	for op, err := range c.Ops {
		if err != nil {
			return "", err
		}
		value := op.Value
		if long := op.ValueLen >= engine.MaxOpValue; long != (op.Load != nil) || long && op.Value != nil {
			return "", fmt.Errorf("a value of %d bytes: Load %t, Value of %d bytes", op.ValueLen, op.Load != nil, len(op.Value))
		}
		if op.Load != nil {
			value = make([]byte, op.ValueLen)
			if err := op.Load(value); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(&b, "%s %s ", op.Kind, op.Key)
		switch op.Kind {
		case engine.OpPut:
			fmt.Fprintf(&b, "%d:%.20s ", len(value), value)
		case engine.OpDeleteRange:
			fmt.Fprintf(&b, "%s ", op.End)
		}
	}
	return b.String(), nil
}

// readChanges reads what there is after a position, and returns the transactions and where the stream has come to.
func readChanges(t testing.TB, db *engine.DB, from engine.Position, o engine.ChangeOptions) ([]string, engine.Position, error) {
	t.Helper()
	o.NoWait = true
	var all []string
	at := from
	for c, err := range db.Changes(context.Background(), from, o) {
		if err != nil {
			return all, at, err
		}
		s, err := render(c)
		if err != nil {
			return all, at, err
		}
		if c.Seq != at.Seq+1 || c.Bytes <= 0 {
			t.Fatalf("change %v of %d bytes after %v", c.Position, c.Bytes, at)
		}
		all, at = append(all, s), c.Position
	}
	return all, at, nil
}

func positionNow(t testing.TB, db *engine.DB) engine.Position {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Position()
}

// putOne writes a transaction of one row.
func putOne(t testing.TB, db *engine.DB, key, value string) {
	t.Helper()
	if err := db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte(value)) }); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, db *engine.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func wantChanges(t testing.TB, db *engine.DB, from engine.Position, want ...string) engine.Position {
	t.Helper()
	got, at, err := readChanges(t, db, from, engine.ChangeOptions{})
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Fatalf("changes after %v: %q, %v; want %q", from, got, err, want)
	}
	return at
}

// wantGap wants a position that is not there, or too long ago: a stream that writers wait for has only ErrGap, too.
func wantGap(t testing.TB, db *engine.DB, from engine.Position) {
	t.Helper()
	for _, onLag := range []engine.OnLag{engine.Cut, engine.Wait} {
		got, _, err := readChanges(t, db, from, engine.ChangeOptions{OnLag: onLag})
		if len(got) > 0 || !errors.Is(err, engine.ErrGap) || !errors.Is(err, engine.ErrBusy) {
			t.Fatalf("changes after %v: %q, %v; want ErrGap", from, got, err)
		}
	}
}

func TestChanges(t *testing.T) {
	for _, safety := range []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull} {
		t.Run(safety.String(), func(t *testing.T) {
			o := withChanges(memfs.New())
			o.Safety = safety
			db := mustOpen(t, "/db", o)
			defer mustClose(t, db)
			from := positionNow(t, db)
			ctx := context.Background()
			putOne(t, db, "a", "one")
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for i := range 3 {
					if err := tx.Put(fmt.Append(nil, "k", i), []byte("v")); err != nil {
						return err
					}
				}
				level, _ := tx.Begin()
				if err := tx.Put([]byte("rolled back"), nil); err != nil {
					return err
				}
				if err := tx.RollbackTo(level); err != nil {
					return err
				}
				if err := tx.Delete([]byte("a")); err != nil {
					return err
				}
				return tx.DeleteRange([]byte("k0"), []byte("k2"))
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(ctx, func(*engine.Tx) error { return nil }); err != nil { // is no change
				t.Fatal(err)
			}
			long := longValue(engine.MaxOpValue + 7)
			putOne(t, db, "long", string(long))
			want := []string{"put a 3:one ", "put k0 1:v put k1 1:v put k2 1:v delete a delete range k0 k2 ",
				fmt.Sprintf("put long %d:%.20s ", len(long), long)}
			at := wantChanges(t, db, from, want...)
			if now := positionNow(t, db); at != now {
				t.Errorf("the stream ends at %v, the snapshot is at %v", at, now)
			}
			wantChanges(t, db, at)
			if got, _, err := readChanges(t, db, from, engine.ChangeOptions{Durable: true}); err != nil || len(got) != 3 {
				t.Errorf("durable ones: %q, %v", got, err)
			}
			s := db.Stats()
			if s.ChangeStreams != 0 || s.ChangeCuts != 0 {
				t.Errorf("%d streams, %d cuts", s.ChangeStreams, s.ChangeCuts)
			}
		})
	}
}

// Positions are found again after checkpoints, after the database was closed, and after the process was killed or the
// machine has lost power.
func TestChangesFromAPosition(t *testing.T) {
	fs := memfs.New()
	db := mustOpen(t, "/db", withChanges(fs))
	ctx := context.Background()
	putOne(t, db, "a", "1")
	p1 := positionNow(t, db)
	putOne(t, db, "b", "2")
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	p2 := positionNow(t, db)
	putOne(t, db, "c", "3")
	wantChanges(t, db, p1, "put b 1:2 ", "put c 1:3 ")

	killed := fs.Clone()
	again := mustOpen(t, "/db", withChanges(killed))
	wantChanges(t, again, p1, "put b 1:2 ", "put c 1:3 ")
	p3 := wantChanges(t, again, p2, "put c 1:3 ")
	putOne(t, again, "d", "4")
	wantChanges(t, again, p1, "put b 1:2 ", "put c 1:3 ", "put d 1:4 ")
	wantChanges(t, again, p3, "put d 1:4 ")
	// Killed once more, with a checkpoint that nothing follows.
	if err := again.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	third := mustOpen(t, "/db", withChanges(killed.Clone()))
	wantChanges(t, third, p3, "put d 1:4 ")
	putOne(t, third, "e", "5")
	wantChanges(t, third, p1, "put b 1:2 ", "put c 1:3 ", "put d 1:4 ", "put e 1:5 ")
	mustClose(t, third)
	mustClose(t, again)

	end := positionNow(t, db)
	mustClose(t, db)
	db = mustOpen(t, "/db", withChanges(fs))
	wantGap(t, db, p2) // what came after it was in the log that is gone
	wantChanges(t, db, end)
	putOne(t, db, "f", "6")
	wantChanges(t, db, end, "put f 1:6 ")
	mustClose(t, db)
}

// A checkpoint that lsmlite has not stored may hold changes that no log does, such as those of C lsm1 without its log:
// nothing leads past it. What is committed after it can be followed.
func TestCheckpointOfOthersIsAGap(t *testing.T) {
	clean := memfs.New()
	db := mustOpen(t, "/db", withChanges(clean))
	putOne(t, db, "a", "1")
	ok(t, flushAndCheckpoint(context.Background(), db))
	early := positionNow(t, db)
	putOne(t, db, "b", "2")
	killed := clean.Clone()
	end := positionNow(t, db)
	mustClose(t, db)
	for name, fs := range map[string]*memfs.FS{"closed": clean, "killed": killed} {
		for _, changes := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", changes are kept: ", changes), func(t *testing.T) {
				fs := fs.Clone()
				asByOthers(t, fs, "/db")
				o := withChanges(fs)
				if !changes { // then the session after it must know
					o.Changes = 0
					mustClose(t, mustOpen(t, "/db", o))
					o.Changes = 1 << 20
				}
				db := mustOpen(t, "/db", o)
				wantGap(t, db, early)
				wantGap(t, db, end)
				now := positionNow(t, db)
				putOne(t, db, "c", "3")
				wantChanges(t, db, now, "put c 1:3 ")
				again := mustOpen(t, "/db", withChanges(fs.Clone()))
				wantChanges(t, again, now, "put c 1:3 ")
				if rows := readAll(t, again); len(rows) != 3 {
					t.Errorf("after a crash there is %v", rows)
				}
				mustClose(t, again)
				mustClose(t, db)
			})
		}
	}
}

// asByOthers makes a file one that C lsm1 has stored the newest checkpoint of: it writes no notes.
func asByOthers(t testing.TB, fs *memfs.FS, name string) {
	t.Helper()
	file, err := fs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for page := range int64(2) {
		clear(file[page*format.MetaPageSize+format.NoteOffset : (page+1)*format.MetaPageSize])
	}
	if err := fs.WriteFile(name, file); err != nil {
		t.Fatal(err)
	}
}

// A disk that is full when such a file is opened costs no commit that is made once there is room.
func TestCheckpointOfOthersOnAFullDisk(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(fmt.Sprint("closed: ", closed), func(t *testing.T) {
			mem := memfs.New()
			db := mustOpen(t, "/db", withChanges(mem))
			putOne(t, db, "a", "1")
			ok(t, flushAndCheckpoint(context.Background(), db))
			left := mem.Clone()
			mustClose(t, db)
			if closed {
				left = mem
			}
			asByOthers(t, left, "/db")
			ffs := faultfs.Wrap(left)
			full := ffs.Add(faultfs.Rule{On: faultfs.Write, Forever: true, Err: syscall.ENOSPC})
			o := withChanges(nil)
			o.FS, o.Safety = ffs, engine.SafetyFull
			db = mustOpen(t, "/db", o)
			put := func(tx *engine.Tx) error { return tx.Put([]byte("b"), []byte("2")) }
			if err := db.Update(context.Background(), put); !errors.Is(err, engine.ErrFull) || full.Hits() == 0 {
				t.Errorf("a commit on the full disk: %v", err)
			}
			ffs.Clear()
			at := positionNow(t, db)
			putOne(t, db, "b", "2")
			again := mustOpen(t, "/db", withChanges(left.Crash(nil, memfs.CrashLoseAll)))
			if rows := readAll(t, again); rows["a"] != "1" || rows["b"] != "2" {
				t.Errorf("after a loss of power there is %v", rows)
			}
			if got, _, err := readChanges(t, again, at, engine.ChangeOptions{}); !errors.Is(err, engine.ErrGap) && (err != nil || len(got) != 1) {
				t.Errorf("changes: %q, %v", got, err)
			}
			mustClose(t, again)
			expectSound(t, db)
			mustClose(t, db)
		})
	}
}

func TestChangesWithoutAPosition(t *testing.T) {
	fs := memfs.New()
	db := mustOpen(t, "/db", withChanges(fs))
	putOne(t, db, "a", "1")
	wantGap(t, db, engine.Position{})
	at := positionNow(t, db)
	other := at
	other.Sum[0]++
	wantGap(t, db, other)
	if err := db.Backup(context.Background(), "/copy", engine.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, db)
	copied := mustOpen(t, "/copy", withChanges(fs))
	wantGap(t, copied, at)
	mustClose(t, copied)

	o := withChanges(fs)
	o.Changes = 0
	db = mustOpen(t, "/db", o)
	if _, _, err := readChanges(t, db, at, engine.ChangeOptions{}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("without Options.Changes: %v", err)
	}
	if err := db.Set(func(o *engine.Options) { o.Changes = 1 << 20 }); err != nil {
		t.Fatal(err)
	}
	now := positionNow(t, db)
	putOne(t, db, "b", "2")
	wantChanges(t, db, now, "put b 1:2 ")
	if err := db.Set(func(o *engine.Options) { o.Changes = 1 }); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("changes=1: %v", err)
	}
	mustClose(t, db)
	o.ReadOnly = true
	db = mustOpen(t, "/db", o)
	if _, _, err := readChanges(t, db, at, engine.ChangeOptions{}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("read-only: %v", err)
	}
	mustClose(t, db)
	if _, _, err := readChanges(t, db, at, engine.ChangeOptions{}); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("closed: %v", err)
	}
}

// What was committed without a log is a gap, whether or not it was flushed, closed and opened in between.
func TestChangesWithoutALog(t *testing.T) {
	fs := memfs.New()
	db := mustOpen(t, "/db", withChanges(fs))
	putOne(t, db, "a", "1")
	p1 := positionNow(t, db)
	logged := func(on bool) {
		t.Helper()
		if err := db.Set(func(o *engine.Options) { o.NoLog = !on }); err != nil {
			t.Fatal(err)
		}
	}
	logged(false)
	wantChanges(t, db, p1) // nothing has changed yet
	putOne(t, db, "b", "2")
	wantGap(t, db, p1)
	p2 := positionNow(t, db)
	putOne(t, db, "c", "3")
	wantGap(t, db, p2)
	p3 := positionNow(t, db)
	logged(true)
	wantChanges(t, db, p3)
	putOne(t, db, "d", "4")
	wantChanges(t, db, p3, "put d 1:4 ")
	for _, p := range []engine.Position{p1, p2} {
		wantGap(t, db, p)
	}
	killed := mustOpen(t, "/db", withChanges(fs.Clone()))
	wantChanges(t, killed, p3, "put d 1:4 ")
	if rows := readAll(t, killed); len(rows) != 4 {
		t.Errorf("after a crash there is %v", rows)
	}
	mustClose(t, killed)
	end := positionNow(t, db)
	logged(false)
	putOne(t, db, "e", "5")
	mustClose(t, db)
	db = mustOpen(t, "/db", withChanges(fs))
	defer mustClose(t, db)
	for _, p := range []engine.Position{p1, p2, p3, end} {
		wantGap(t, db, p)
	}
}

// A transaction without a log that has changed nothing must not cost the ones after it.
func TestNothingWithoutALog(t *testing.T) {
	fs := memfs.New()
	db := mustOpen(t, "/db", withChanges(fs))
	putOne(t, db, "a", "1")
	if err := db.Set(func(o *engine.Options) { o.NoLog = true }); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	err := db.Update(context.Background(), func(tx *engine.Tx) error {
		level, _ := tx.Begin()
		if err := tx.Put([]byte("rolled back"), nil); err != nil {
			return err
		}
		return tx.RollbackTo(level)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.NoLog = false }); err != nil {
		t.Fatal(err)
	}
	p := positionNow(t, db)
	putOne(t, db, "b", "2")
	_ = p
	killed := mustOpen(t, "/db", withChanges(fs.Clone()))
	if rows := readAll(t, killed); rows["a"] != "1" || rows["b"] != "2" || len(rows) != 2 {
		t.Errorf("after a crash there is %v", rows)
	}
	mustClose(t, killed)
	mustClose(t, db)
}

// A stream waits for commits, ends with its context, and when the database is closed after what was committed last.
func TestChangesFollow(t *testing.T) {
	db := mustOpen(t, "/db", withChanges(memfs.New()))
	from := positionNow(t, db)
	ctx, cancel := context.WithCancel(context.Background())
	type result struct {
		got []string
		err error
	}
	follow := func(ctx context.Context, seen chan<- string) result {
		var r result
		for c, err := range db.Changes(ctx, from, engine.ChangeOptions{}) {
			if err != nil {
				r.err = err
				break
			}
			s, err := render(c)
			if err != nil {
				r.err = err
				break
			}
			r.got = append(r.got, s)
			if seen != nil {
				seen <- s
			}
		}
		return r
	}
	seen, first, second := make(chan string), make(chan result), make(chan result)
	go func() { first <- follow(ctx, seen) }()
	go func() { second <- follow(context.Background(), nil) }()
	for i := range 20 {
		putOne(t, db, fmt.Sprint("k", i), "v")
		if got, want := <-seen, fmt.Sprintf("put k%d 1:v ", i); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	cancel()
	if r := <-first; !errors.Is(r.err, context.Canceled) || len(r.got) != 20 {
		t.Errorf("%q, %v", r.got, r.err)
	}
	putOne(t, db, "last", "v")
	mustClose(t, db)
	if r := <-second; r.err != nil || len(r.got) != 21 {
		t.Errorf("%q, %v", r.got, r.err)
	}
}

// Close waits for a stream that does not read, but not for long.
func TestCloseWaitsForStreams(t *testing.T) {
	defer engine.SetChangesGrace(50 * time.Millisecond)()
	db := mustOpen(t, "/db", withChanges(memfs.New()))
	from := positionNow(t, db)
	putOne(t, db, "a", "1")
	putOne(t, db, "b", "2")
	n := 0
	for c, err := range db.Changes(context.Background(), from, engine.ChangeOptions{OnLag: engine.Wait}) {
		if n++; n == 1 && err == nil {
			mustClose(t, db)
			for _, err := range c.Ops {
				if !errors.Is(err, engine.ErrGap) {
					t.Errorf("operations of a closed database: %v", err)
				}
			}
			continue
		}
		if !errors.Is(err, engine.ErrGap) || n > 2 {
			t.Errorf("change %d: %v", n, err)
		}
	}
	if n != 2 {
		t.Errorf("%d changes", n)
	}
}

// A stream that is too slow is cut, and says so; meanwhile what it has is right.
func TestChangesCut(t *testing.T) {
	o := withChanges(memfs.New())
	o.Changes, o.AutoCheckpoint, o.MaxLog = 64<<10, 64<<10, 128<<10
	var cuts []engine.CutEvent
	var logged bytes.Buffer
	o.Observer = &engine.Observer{Cut: func(e engine.CutEvent) { cuts = append(cuts, e) }}
	o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	db := mustOpen(t, "/db", o)
	defer mustClose(t, db)
	from := positionNow(t, db)
	value := string(longValue(3000))
	putOne(t, db, "first", value)
	n := 0
	for c, err := range db.Changes(context.Background(), from, engine.ChangeOptions{NoWait: true}) {
		if n++; n == 1 {
			if err != nil {
				t.Fatal(err)
			}
			for i := range 200 {
				putOne(t, db, fmt.Sprint("k", i), value)
			}
			for _, err := range c.Ops {
				if !errors.Is(err, engine.ErrGap) {
					t.Errorf("operations that were written over: %v", err)
				}
			}
			continue
		}
		if !errors.Is(err, engine.ErrGap) || n > 2 {
			t.Errorf("change %d: %v, %v", n, c.Position, err)
		}
	}
	if s := db.Stats(); n != 2 || s.ChangeCuts != 1 {
		t.Errorf("%d changes, %d cuts", n, s.ChangeCuts)
	}
	if len(cuts) != 1 || cuts[0].Watch || cuts[0].Position != from || cuts[0].Lag < 200*3000 || !errors.Is(cuts[0].Err, engine.ErrGap) {
		t.Errorf("reported: %+v", cuts)
	}
	if !strings.Contains(logged.String(), "a stream of changes has lost its place") || !strings.Contains(logged.String(), from.String()) {
		t.Errorf("logged: %s", logged.String())
	}
	wantGap(t, db, from) // which is no cut
	if s := db.Stats(); s.ChangeCuts != 1 {
		t.Errorf("%d cuts", s.ChangeCuts)
	}
}

// TestChangesOpsAreOver: a stream that goes on while the operations of a change are read ends these, in memory or not;
// it never hands over those of another transaction in their place.
func TestChangesOpsAreOver(t *testing.T) {
	for name, rows := range map[string]int{"in memory": 3, "not in memory": 100} {
		for next, more := range map[string]int{"shorter": 1, "longer": 200} {
			t.Run(name+", the next one "+next, func(t *testing.T) {
				o := withChanges(memfs.New())
				o.Changes = 64 << 20
				db := mustOpen(t, "/db", o)
				from := positionNow(t, db)
				for i, n := range []int{rows, more} {
					ok(t, db.Update(context.Background(), func(tx *engine.Tx) error {
						for k := range n {
							value := []byte("v")
							if i == 0 && rows > 50 {
								value = make([]byte, 100_000) // 10 MB are not kept
							}
							if err := tx.Put(fmt.Appendf(nil, "%d/%03d", i, k), value); err != nil {
								return err
							}
						}
						return nil
					}))
				}
				goOn, stop := iter.Pull2(db.Changes(context.Background(), from, engine.ChangeOptions{}))
				defer stop()
				change, err, _ := goOn()
				ok(t, err)
				seen, over := 0, error(nil)
				for op, err := range change.Ops {
					if over = err; err != nil {
						break
					}
					if !bytes.HasPrefix(op.Key, []byte("0/")) {
						t.Fatalf("%q is of the next transaction", op.Key)
					}
					if seen++; seen == 1 {
						_, err, _ := goOn()
						ok(t, err)
					}
				}
				if seen != 1 || !errors.Is(over, engine.ErrMisuse) {
					t.Errorf("%d operations, then %v; want one, then ErrMisuse", seen, over)
				}
				stop() // Close would wait for it
				ok(t, db.Close())
			})
		}
	}
}

// TestChangesOpsAgain: the operations of a change can be read in part, and as often as wanted until the stream goes on;
// a change of no stream has none.
func TestChangesOpsAgain(t *testing.T) {
	for name, size := range map[string]int{"in memory": 1, "not in memory": 100_000} {
		o := withChanges(memfs.New())
		o.Changes = 64 << 20
		db := mustOpen(t, "/db", o)
		from := positionNow(t, db)
		const rows = 100
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error {
			for k := range rows {
				if err := tx.Put(fmt.Appendf(nil, "%03d", k), make([]byte, size)); err != nil {
					return err
				}
			}
			return nil
		}))
		ok(t, putRow(db, "next", "value"))
		goOn, stop := iter.Pull2(db.Changes(t.Context(), from, engine.ChangeOptions{}))
		change, err, _ := goOn()
		ok(t, err)
		for _, most := range []int{1, rows / 2, rows + 1} {
			n := 0
			for op, err := range change.Ops {
				ok(t, err)
				if want := fmt.Sprintf("%03d", n); string(op.Key) != want || len(op.Value) != size {
					t.Fatalf("%s: key %q with %d bytes, want %q with %d", name, op.Key, len(op.Value), want, size)
				}
				if n++; n == most {
					break
				}
			}
			if n != min(most, rows) {
				t.Errorf("%s: %d operations, want %d", name, n, min(most, rows))
			}
		}
		_, err, _ = goOn()
		ok(t, err)
		for what, c := range map[string]engine.Change{"one that is over": change, "one of no stream": {}} {
			n := 0
			for _, err := range c.Ops {
				if n++; !errors.Is(err, engine.ErrMisuse) {
					t.Errorf("%s, %s: %v, want ErrMisuse", name, what, err)
				}
			}
			if n != 1 {
				t.Errorf("%s, %s: %d steps, want one with an error", name, what, n)
			}
		}
		stop()
		ok(t, db.Close())
	}
}
