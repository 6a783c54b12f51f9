// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// others is a process that reads, as far as the writer notices.
type others struct {
	*live.Reader
	mem *memfs.FS
	t   *testing.T
}

// openOthers makes a process that reads /a.
func openOthers(t *testing.T, mem *memfs.FS) others {
	t.Helper()
	open := func(name string) vfs.File {
		f, err := mem.Open(name, vfs.ReadOnly, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	data := open("/a")
	find := func(n base.SnapshotID) (bool, error) {
		for at := range int64(2) {
			var b [format.MetaPageSize]byte
			_, _ = data.ReadAt(b[:format.MetaSize], at*format.MetaPageSize)
			if c, err := format.DecodeCheckpoint(b[:]); err == nil && c.ID == n {
				return true, nil
			}
		}
		return false, nil
	}
	return others{live.NewReader(live.ReaderConfig{Locks: data.(vfs.RangeLocker), Page: open("/a-live"), Find: find}), mem, t}
}

func (o others) attach() *live.Hold {
	o.t.Helper()
	h, err := o.Attach()
	if err != nil {
		o.t.Fatal(err)
	}
	return h
}

// follow reads the log from the checkpoint to where it ends by the page, and returns the last value of each key.
func (o others) follow() map[string]string {
	o.t.Helper()
	page, err := o.Read()
	if err != nil {
		o.t.Fatal(err)
	}
	log, err := o.mem.Open("/a-log", vfs.ReadOnly, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	defer log.Close()
	got := make(map[string]string)
	tail := wal.NewTail(log, page.Checkpoint.At, nil)
	for {
		more, err := tail.Next(page.End)
		if err != nil {
			o.t.Fatalf("from %+v to %+v: %v", page.Checkpoint.At, page.End, err)
		}
		if !more {
			return got
		}
		err = tail.Records(func(r format.LogRecord) error {
			got[string(r.Key)] = string(r.Value)
			return nil
		})
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

// readable are small files in which everything comes up soon.
func readable(fsys vfs.FS) engine.Options {
	return engine.Options{FS: fsys, Readers: true, PageSize: 512, BlockSize: 64 << 10, AutoFlush: 64 << 10, AutoCheckpoint: 64 << 10}
}

// TestReadersSeeEachCommit: when Commit has returned, the page says so, and the log up to there holds it, whatever is
// synced and whoever works.
func TestReadersSeeEachCommit(t *testing.T) {
	for _, safety := range []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull} {
		for _, work := range []engine.Background{engine.BackgroundNone, engine.BackgroundBoth} {
			t.Run(fmt.Sprint(safety, work), func(t *testing.T) {
				mem := memfs.New()
				o := readable(mem)
				o.Safety, o.Background = safety, work
				db := mustOpen(t, "/a", o)
				r := openOthers(t, mem)
				var newest base.SnapshotID
				checkpoints := 0
				for i := range 600 {
					value := fmt.Sprintf("%d %0*d", i, 10+i%700, 0)
					if err := putRow(db, "key", value); err != nil {
						t.Fatal(err)
					}
					page, err := r.Read()
					if err != nil || page.Seq != uint64(i+1) {
						t.Fatalf("after commit %d the page says %d, %v", i+1, page.Seq, err)
					}
					if page.Checkpoint.ID > newest {
						newest, checkpoints = page.Checkpoint.ID, checkpoints+1
					}
					if h := r.attach(); i%7 == 0 && work == engine.BackgroundNone {
						if got := r.follow()["key"]; got != value && h.Page.End.Stream > h.Page.Checkpoint.At.Stream {
							t.Fatalf("after commit %d the log ends with %.20q", i+1, got)
						}
						if err := h.Release(); err != nil {
							t.Fatal(err)
						}
					} else if err := h.Release(); err != nil {
						t.Fatal(err)
					}
				}
				if checkpoints < 3 && work == engine.BackgroundNone {
					t.Errorf("%d checkpoints only", checkpoints)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if names := mem.Names(); !slices.Equal(names, []string{"/a"}) {
					t.Errorf("after Close there are %v", names)
				}
			})
		}
	}
}

// asOf returns what a file holds by meta pages that it had before.
func asOf(t *testing.T, mem *memfs.FS, meta []byte) (map[string]string, error) {
	t.Helper()
	data, err := mem.ReadFile("/a")
	if err != nil {
		t.Fatal(err)
	}
	copy(data, meta)
	old := memfs.New()
	if err := old.WriteFile("/a", data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(context.Background(), "/a", engine.Options{FS: old, ReadOnly: true, AllowMissingLog: true})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return enginetest.Rows(db)
}

func putRow(db *engine.DB, key, value string) error {
	return db.Update(context.Background(), func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

func deleteAll(db *engine.DB) error {
	return db.Update(context.Background(), func(tx *engine.Tx) error { return tx.DeleteRange([]byte(""), []byte("z")) })
}

// writeOver writes all keys again, and makes checkpoints.
func writeOver(t *testing.T, db *engine.DB, rng *rand.Rand, n int) {
	t.Helper()
	ctx := context.Background()
	for range n {
		key := fmt.Sprintf("%04d", rng.IntN(500))
		if err := putRow(db, key, fmt.Sprintf("%d %0*d", rng.Uint64(), 100+rng.IntN(400), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestBlocksOfReadersStay: as long as another process holds on to a checkpoint, all that it consists of stays in
// the file, whatever is written, merged, optimized and cut. Without that it is gone soon.
func TestBlocksOfReadersStay(t *testing.T) {
	for _, compression := range []string{"none", "lz4"} {
		t.Run(compression, func(t *testing.T) {
			ctx := context.Background()
			mem := memfs.New()
			o := readable(mem)
			o.Compression = compression
			db := mustOpen(t, "/a", o)
			rng := rand.New(rand.NewPCG(1, 2))
			writeOver(t, db, rng, 1500)
			want := readAll(t, db)
			r := openOthers(t, mem)
			h := r.attach()
			file, err := mem.ReadFile("/a")
			if err != nil {
				t.Fatal(err)
			}
			meta := file[:format.MetaPageSize+format.MetaSize]
			expect := func(when string) {
				t.Helper()
				if got, err := asOf(t, mem, meta); err != nil || len(got) != len(want) {
					t.Fatalf("%s: %d rows of %d are left: %v", when, len(got), len(want), err)
				} else {
					for k, v := range want {
						if got[k] != v {
							t.Fatalf("%s: key %s has another value", when, k)
						}
					}
				}
				if alive, err := h.Alive(); !alive || err != nil {
					t.Fatalf("%s: %v, %v", when, alive, err)
				}
			}
			expect("at first")
			for i := range 6 {
				writeOver(t, db, rng, 700)
				expect(fmt.Sprint("round ", i))
			}
			for range 2 {
				if err := db.Optimize(ctx); err != nil {
					t.Fatal(err)
				}
				expect("optimized")
			}
			if err := deleteAll(db); err != nil {
				t.Fatal(err)
			}
			writeOver(t, db, rng, 100)
			expect("everything deleted")
			if err := h.Release(); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				writeOver(t, db, rng, 700)
			}
			if got, err := asOf(t, mem, meta); err == nil && len(got) == len(want) {
				t.Error("its blocks stay although nobody holds on to them")
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestSpaceOfReaders: a reader holds back what one checkpoint takes, and what a dead one held is used again.
func TestSpaceOfReaders(t *testing.T) {
	mem := memfs.New()
	db := mustOpen(t, "/a", readable(mem))
	defer db.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	size := func() int {
		data, err := mem.ReadFile("/a")
		if err != nil {
			t.Fatal(err)
		}
		return len(data)
	}
	for range 8 {
		writeOver(t, db, rng, 700)
	}
	alone := size()
	for range 10 {
		data, err := mem.Open("/a", vfs.ReadOnly, 0)
		if err != nil {
			t.Fatal(err)
		}
		page, err := mem.Open("/a-live", vfs.ReadOnly, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := live.NewReader(live.ReaderConfig{Locks: data.(vfs.RangeLocker), Page: page,
			Find: func(base.SnapshotID) (bool, error) { return true, nil }})
		if _, err := r.Attach(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			writeOver(t, db, rng, 700)
		}
		for _, f := range []vfs.File{data, page} { // as a process that is killed
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if now := size(); now > 3*alone {
		t.Errorf("the file has grown from %d to %d bytes", alone, now)
	}
}

// TestReadersHold: the space of a reader that does not go on is used after that time.
func TestReadersHold(t *testing.T) {
	mem := memfs.New()
	o := readable(mem)
	o.ReadersHold = time.Nanosecond
	db := mustOpen(t, "/a", o)
	defer db.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	writeOver(t, db, rng, 700)
	h := openOthers(t, mem).attach()
	for range 3 {
		writeOver(t, db, rng, 700)
	}
	if alive, err := h.Alive(); alive || err != nil {
		t.Errorf("alive: %v, %v", alive, err)
	}
	if _, err := openOthers(t, mem).Attach(); err != nil {
		t.Errorf("others cannot read: %v", err)
	}
}

// TestCloseWithReaders cuts nothing, and says in the file which salt not to take.
func TestCloseWithReaders(t *testing.T) {
	mem := memfs.New()
	rng := rand.New(rand.NewPCG(1, 2))
	db := mustOpen(t, "/a", readable(mem))
	writeOver(t, db, rng, 1500)
	// Bytes after the last block, as blocks are there that were freed.
	f, err := mem.Open("/a", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err == nil {
		err = f.Truncate(size + 1<<20)
	}
	if err != nil {
		t.Fatal(err)
	}
	h := openOthers(t, mem).attach()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	long, err := mem.ReadFile("/a")
	if err != nil {
		t.Fatal(err)
	}
	if names := mem.Names(); !slices.Equal(names, []string{"/a", "/a-live"}) {
		t.Errorf("after Close there are %v", names)
	}
	if alive, err := h.Alive(); alive || err != nil {
		t.Errorf("after Close: %v, %v", alive, err)
	}
	db = mustOpen(t, "/a", readable(mem))
	again := openOthers(t, mem).attach()
	if again.Page.Salt != h.Page.Salt+1 && again.Page.Salt != 0 {
		t.Errorf("salt %d after %d", again.Page.Salt, h.Page.Salt)
	}
	for _, hold := range []*live.Hold{h, again} {
		if err := hold.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	short, err := mem.ReadFile("/a")
	if err != nil {
		t.Fatal(err)
	}
	if len(short) > len(long)-1<<20 {
		t.Errorf("%d bytes with a reader, %d without", len(long), len(short))
	}
}

// TestReadersAreRefused where they cannot be let read.
func TestReadersAreRefused(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	for name, o := range map[string]engine.Options{
		"use_log=0":      {FS: mem, Readers: true, NoLog: true},
		"readers_hold":   {FS: mem, Readers: true, ReadersHold: -1},
		"without ranges": {FS: plainFiles{mem}, Readers: true},
	} {
		_, err := engine.Open(ctx, "/a", o)
		want := engine.ErrMisuse
		if name == "without ranges" {
			want = engine.ErrProtocol
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if names := mem.Names(); len(names) > 0 {
		t.Errorf("it has made %v", names)
	}
	if err := mem.WriteFile("/a-live", []byte("a letter")); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(ctx, "/a", readable(mem)); !errors.Is(err, engine.ErrCantOpen) || !strings.Contains(err.Error(), "/a-live") {
		t.Errorf("with another file: %v", err)
	}
	if letter, err := mem.ReadFile("/a-live"); string(letter) != "a letter" || err != nil {
		t.Errorf("the letter is %q, %v", letter, err)
	}
	db := mustOpen(t, "/b", readable(mem))
	defer db.Close()
	if err := db.Set(func(o *engine.Options) { o.NoLog = true }); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("use_log=0 while others read: %v", err)
	}
}

// plainFiles have no optional abilities.
type plainFiles struct{ vfs.FS }

func (p plainFiles) Open(name string, flag vfs.OpenFlag, perm fs.FileMode) (vfs.File, error) {
	f, err := p.FS.Open(name, flag, perm)
	return struct{ vfs.File }{f}, err
}

// TestPageOfReadersFails: commits go on, and others read again after the next checkpoint.
func TestPageOfReadersFails(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	faults := faultfs.Wrap(mem)
	o := readable(faults)
	var failed []error
	o.Observer = &engine.Observer{Failed: func(e engine.FailEvent) { failed = append(failed, e.Err) }}
	db := mustOpen(t, "/a", o)
	defer db.Close()
	put := func() {
		t.Helper()
		if err := putRow(db, "k", "v"); err != nil {
			t.Fatal(err)
		}
	}
	put()
	h := openOthers(t, mem).attach()
	faults.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-live", Err: os.ErrDeadlineExceeded})
	put()
	if alive, err := h.Alive(); alive || err != nil {
		t.Errorf("alive: %v, %v", alive, err)
	}
	if len(failed) != 1 || !errors.Is(failed[0], os.ErrDeadlineExceeded) {
		t.Errorf("reported: %v", failed)
	}
	put()
	if _, err := openOthers(t, mem).Attach(); !errors.Is(err, live.ErrNoWriter) {
		t.Errorf("attached: %v", err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if again := openOthers(t, mem).attach(); again.Page.Seq != 3 {
		t.Errorf("commit %d is the newest", again.Page.Seq)
	}
}

// TestOpenWithoutPageOfReaders fails while the page is written, and leaves nothing.
func TestOpenWithoutPageOfReaders(t *testing.T) {
	mem := memfs.New()
	faults := faultfs.Wrap(mem)
	faults.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-live", Err: os.ErrDeadlineExceeded})
	if _, err := engine.Open(context.Background(), "/a", readable(faults)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("opened: %v", err)
	}
	if names := mem.Names(); len(names) > 0 {
		t.Errorf("it leaves %v", names)
	}
	faults.Clear()
	if err := mustOpen(t, "/a", readable(faults)).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWhoHasTheDatabase is what a second writer is told.
func TestWhoHasTheDatabase(t *testing.T) {
	mem := memfs.New()
	db := mustOpen(t, "/a", engine.Options{FS: mem})
	defer db.Close()
	_, err := engine.Open(context.Background(), "/a", engine.Options{FS: mem})
	for _, want := range []string{"/a", "another handle of this process", "mode=ro", "readers=on"} {
		if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	other, err := mem.Open("/a", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	pid, known := live.FindWriter(other.(vfs.RangeLocker))
	if pid != os.Getpid() || !known {
		t.Errorf("process %d, %v", pid, known)
	}
}

// TestPageOfReadersIsCut by another program, while it is written through a mapping.
func TestPageOfReadersIsCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	o := readable(vfs.OS)
	failed := 0
	o.Observer = &engine.Observer{Failed: func(engine.FailEvent) { failed++ }}
	db, err := engine.Open(context.Background(), path, o)
	if errors.Is(err, engine.ErrProtocol) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	put := func() {
		t.Helper()
		if err := putRow(db, "k", "v"); err != nil {
			t.Fatal(err)
		}
	}
	put()
	if err := os.Truncate(path+"-live", 0); err != nil {
		t.Fatal(err)
	}
	put()
	put()
	if failed != 1 {
		t.Errorf("%d failures are reported", failed)
	}
	writeOver(t, db, rand.New(rand.NewPCG(1, 2)), 1)
	b, err := os.ReadFile(path + "-live")
	if page, decodeErr := live.Decode(b); err != nil || decodeErr != nil || page.Seq != 4 {
		t.Errorf("after a checkpoint the page says %d, %v, %v", page.Seq, err, decodeErr)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-live"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the page is left: %v", err)
	}
}

// TestReadersAfterKill kills a process at each operation of opening and closing a database for readers in other
// processes: the next one opens it in the same way.
func TestReadersAfterKill(t *testing.T) {
	mem := memfs.New()
	ffs := faultfs.Wrap(mem)
	kills := 0
	ffs.OnOp(func(op faultfs.Op) {
		kills++
		db, err := engine.Open(context.Background(), "/x.lsm", sharing(engine.Options{FS: mem.Clone()}))
		if err != nil {
			t.Errorf("after a kill before %v: %v", op, err)
			return
		}
		ok(t, db.Close())
	})
	for range 2 {
		ok(t, mustOpen(t, "/x.lsm", sharing(engine.Options{FS: ffs})).Close())
	}
	if kills < 10 {
		t.Errorf("%d kills only", kills)
	}
}
