package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// closedDB returns the bytes of a small database that was closed.
func closedDB(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/golden/small-closed.db")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changed returns a copy of data with a change.
func changed(data []byte, change func([]byte)) []byte {
	data = bytes.Clone(data)
	change(data)
	return data
}

// checkpointWith returns a database whose only checkpoint has one word replaced and its
// checksum made right again, so that only a look at the word itself can refuse it.
func checkpointWith(data []byte, word int, value uint32) []byte {
	return changed(data, func(b []byte) {
		for _, meta := range [][]byte{b[:4096], b[4096:8192]} {
			n := int(binary.BigEndian.Uint32(meta[8:]))
			if n < 25 || n > 1000 {
				clear(meta)
				continue
			}
			binary.BigEndian.PutUint32(meta[4*word:], value)
			w := make([]uint32, n)
			for i := range w {
				w[i] = binary.BigEndian.Uint32(meta[4*i:])
			}
			c1, c2 := uint32(1), uint32(2)
			if n%2 == 1 {
				c1 += w[n-3] & 0xFFFF
				c2 += w[n-3] & 0xFFFF0000
			}
			for i := 0; i+3 < n; i += 2 {
				c1 += c2 + w[i]
				c2 += c1 + w[i+1]
			}
			binary.BigEndian.PutUint32(meta[4*(n-2):], c1)
			binary.BigEndian.PutUint32(meta[4*(n-1):], c2)
		}
	})
}

// TestOpenRefuses opens what is no sound database, in every mode, and expects an error
// of the right kind that names the file, and the files as they were.
func TestOpenRefuses(t *testing.T) {
	good := closedDB(t)
	noLevels, err := os.ReadFile("testdata/golden/safety2.db")
	if err != nil {
		t.Fatal(err)
	}
	noLevels = append(noLevels, make([]byte, 8192-len(noLevels))...)
	random := make([]byte, 1<<20)
	for i := range random {
		random[i] = byte(i*i>>3 ^ i)
	}
	newest := func(b []byte) []byte { // the newer meta page of two
		if binary.BigEndian.Uint64(b) >= binary.BigEndian.Uint64(b[4096:]) {
			return b[:4066]
		}
		return b[4096:8162]
	}
	for _, c := range []struct {
		name string
		db   []byte // nil: the file does not exist
		log  []byte
		want error
		text string
	}{
		{name: "a text", db: []byte("this is not a database, and much too short\n"), want: engine.ErrCorrupt, text: "not an lsm1 database"},
		{name: "random bytes", db: random, want: engine.ErrCorrupt, text: "not an lsm1 database"},
		{name: "an SQLite database", db: append([]byte("SQLite format 3\x00\x10\x00"), random[:8000]...), want: engine.ErrCorrupt, text: "not an lsm1 database"},
		{name: "pages without a checkpoint", db: append(make([]byte, 8192), random...), want: engine.ErrCorrupt, text: "without a checkpoint"},
		{name: "newest meta page damaged", db: changed(good, func(b []byte) { newest(b)[40] ^= 1 }), want: engine.ErrCorrupt, text: "meta page"},
		{name: "both meta pages damaged", db: changed(good, func(b []byte) { b[40] ^= 1; b[4096+40] ^= 1 }), want: engine.ErrCorrupt, text: "damaged"},
		{name: "page size 100", db: checkpointWith(good, 7, 100), want: engine.ErrCorrupt, text: "page size 100"},
		{name: "page size 8192 in a file of 4096", db: checkpointWith(good, 7, 8192), want: engine.ErrCorrupt},
		{name: "block size 5", db: checkpointWith(good, 5, 5), want: engine.ErrCorrupt, text: "block size 5"},
		{name: "unknown codec", db: checkpointWith(noLevels, 3, 777), want: engine.ErrMismatch, text: "777"},
		{name: "a segment outside the file", db: checkpointWith(good, 26, 1<<30), want: engine.ErrCorrupt, text: "outside"},
		{name: "cut in the middle of the pages", db: good[:9000], want: engine.ErrCorrupt},
		{name: "orphan log", log: []byte("some log"), want: engine.ErrCantOpen, text: "log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, o := range []engine.Options{{}, {MustExist: true}, {ReadOnly: true}} {
				mem := memfs.New()
				if c.db != nil {
					mem.WriteFile("/x.lsm", c.db)
				}
				if c.log != nil {
					mem.WriteFile("/x.lsm-log", c.log)
				}
				o.FS = mem
				db, err := engine.Open(context.Background(), "/x.lsm", o)
				if err == nil {
					// What opening does not look at, Check and reading must find.
					n := 0
					for range db.Check(context.Background()) {
						n++
					}
					if n == 0 {
						t.Fatalf("options %+v: opened, and Check finds nothing", o)
					}
					if err := db.Close(); err != nil {
						t.Logf("close: %v", err)
					}
					continue
				}
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "x.lsm") || c.db != nil && !strings.Contains(err.Error(), c.text) {
					t.Errorf("options %+v: %v; want %v with %q", o, err, c.want, c.text)
				}
				expectFile(t, mem, "/x.lsm", c.db)
				expectFile(t, mem, "/x.lsm-log", c.log)
			}
		})
	}
}

// expectFile compares a file with what it must hold; nil means that it must not exist.
func expectFile(t *testing.T, mem *memfs.FS, name string, want []byte) {
	t.Helper()
	got, err := mem.ReadFile(name)
	if want == nil {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s exists", name)
		}
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s was changed (error %v)", name, err)
	}
}

func TestOpenMissingFile(t *testing.T) {
	for _, o := range []engine.Options{{MustExist: true}, {ReadOnly: true}} {
		path := filepath.Join(t.TempDir(), "missing.lsm")
		if _, err := engine.Open(context.Background(), path, o); !errors.Is(err, engine.ErrCantOpen) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("options %+v: %v", o, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("options %+v: the file was made", o)
		}
	}
	path := filepath.Join(t.TempDir(), "no", "such", "folder.lsm")
	if _, err := engine.Open(context.Background(), path, engine.Options{}); !errors.Is(err, engine.ErrCantOpen) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestOpenDirectory(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []engine.Options{{}, {ReadOnly: true}} {
		if _, err := engine.Open(context.Background(), dir, o); !errors.Is(err, engine.ErrCantOpen) {
			t.Errorf("options %+v: %v", o, err)
		}
	}
}

// TestOpenNoPermission asks a file system that refuses; permission bits would not stop a
// test that runs as root.
func TestOpenNoPermission(t *testing.T) {
	mem := memfs.New()
	mem.WriteFile("/x.lsm", closedDB(t))
	ffs := faultfs.Wrap(mem)
	ffs.Add(faultfs.Rule{On: faultfs.Open, Forever: true, Err: &fs.PathError{Op: "open", Path: "/x.lsm", Err: syscall.EACCES}})
	_, err := engine.Open(context.Background(), "/x.lsm", engine.Options{FS: ffs})
	if !errors.Is(err, engine.ErrCantOpen) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "permission") {
		t.Fatal(err)
	}
	expectFile(t, mem, "/x.lsm", closedDB(t))
}

// TestReadOnlyFile opens a file without write permission: for reading that works, for
// writing it is an error, not a crash later on.
func TestReadOnlyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ro.lsm")
	if err := os.WriteFile(path, closedDB(t), 0o400); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Begin(context.Background()); !errors.Is(err, engine.ErrReadOnly) {
		t.Errorf("begin: %v", err)
	}
	if _, err := db.Checkpoint(context.Background()); !errors.Is(err, engine.ErrReadOnly) {
		t.Errorf("checkpoint: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		return // to root every file is writable
	}
	if _, err := engine.Open(context.Background(), path, engine.Options{}); !errors.Is(err, engine.ErrCantOpen) {
		t.Errorf("open for writing: %v", err)
	}
}

func TestNewFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.lsm")
	db, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range []string{path, path + "-log"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
}

// TestSecondHandle opens a database twice within a process. A second handle that writes is
// refused as a second process is; one that reads shares what is open.
func TestSecondHandle(t *testing.T) {
	for _, c := range []struct{ first, second bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		path := filepath.Join(t.TempDir(), "x.lsm")
		if err := os.WriteFile(path, closedDB(t), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: c.first})
		if err != nil {
			t.Fatal(err)
		}
		other, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: c.second})
		switch {
		case !c.first && c.second && err != nil:
			t.Errorf("a reader beside a writer: %v", err)
		case !c.first && !c.second && (!errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), path)):
			t.Errorf("beside a writer, read-only=%v: %v", c.second, err)
		case c.first && err != nil:
			t.Errorf("beside a reader, read-only=%v: %v", c.second, err)
		}
		if err == nil {
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSecondProcess runs this test again as a second process that finds the database in
// use.
func TestSecondProcess(t *testing.T) {
	const env = "LSMLITE_TEST_SECOND_PROCESS"
	if path := os.Getenv(env); path != "" {
		_, err := engine.Open(context.Background(), path, engine.Options{})
		if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), path) {
			t.Fatalf("open for writing: %v", err)
		}
		if _, err = engine.Open(context.Background(), path, engine.Options{ReadOnly: true}); !errors.Is(err, engine.ErrBusy) {
			t.Fatalf("open for reading: %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "x.lsm")
	db, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	self, err := os.Executable()
	if err != nil {
		t.Skipf("this platform starts no processes: %v", err)
	}
	cmd := exec.Command(self, "-test.run=^TestSecondProcess$")
	cmd.Env = append(os.Environ(), env+"="+db.Path())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestForeignReaderKeepsItsState holds the lock that a C read-only client takes on a
// database nobody writes, and opens it for writing: nothing that the reader may still
// read is overwritten, and the log stays.
func TestForeignReaderKeepsItsState(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	mem.WriteFile("/x.lsm", closedDB(t))
	f, err := mem.Open("/x.lsm", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, AutoFlush: 16 << 10, AutoCheckpoint: 16 << 10, AutoMerge: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, make([]byte, 1000)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now, err := mem.ReadFile("/x.lsm")
	if err != nil {
		t.Fatal(err)
	}
	if was := closedDB(t); !bytes.Equal(now[8192:len(was)], was[8192:]) {
		t.Error("pages were overwritten that a reader may still read")
	}
	if _, err := mem.ReadFile("/x.lsm-log"); err != nil {
		t.Errorf("the log was removed: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkpointed returns the closed database /x.lsm with n rows, each of a checkpoint of its
// own, and the bytes of its file.
func checkpointed(t *testing.T, n int, o engine.Options) (*memfs.FS, []byte) {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	o.FS = mem
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, []byte("v")) }); err != nil {
			t.Fatal(err)
		}
		if err := flushAndCheckpoint(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := mem.ReadFile("/x.lsm")
	if err != nil {
		t.Fatal(err)
	}
	return mem, data
}

// TestErasedMeta blanks each meta page of a database that was closed after one, two and
// three checkpoints: the other one holds the same. If that has no note of ours, so that it
// may be an older one, the file is refused.
func TestErasedMeta(t *testing.T) {
	ctx := context.Background()
	refused := 0
	for checkpoints := 1; checkpoints <= 3; checkpoints++ {
		mem, data := checkpointed(t, checkpoints, engine.Options{})
		for page := range 2 {
			erased := changed(data, func(b []byte) { clear(b[page*4096 : page*4096+4066]) })
			plain := changed(erased, func(b []byte) { clear(b[3584:4066]); clear(b[4096+3584 : 4096+4066]) })
			mem.WriteFile("/x.lsm", plain)
			if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("page %d erased after %d checkpoints, no note: %v", page+1, checkpoints, err)
			}
			expectFile(t, mem, "/x.lsm", plain)
			mem.WriteFile("/x.lsm", erased)
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
			if errors.Is(err, engine.ErrCorrupt) {
				// C lsm1 might have written a newer one there.
				expectFile(t, mem, "/x.lsm", erased)
				refused++
				continue
			}
			if err != nil {
				t.Errorf("page %d erased after %d checkpoints: %v", page+1, checkpoints, err)
				continue
			}
			if rows := rowsOf(t, db); len(rows) != checkpoints {
				t.Errorf("page %d erased after %d checkpoints: %d rows", page+1, checkpoints, len(rows))
			}
			expectSound(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if refused > 4 {
		t.Errorf("%d of 6 files are refused", refused)
	}
}

// TestSenselessCheckpoint gives the words of the checkpoint values that cannot be, with a
// checksum that is right. On both pages the file is refused, and left as it is; on one the
// other page leads to every row, or the file is refused.
func TestSenselessCheckpoint(t *testing.T) {
	ctx := context.Background()
	const rows = 3
	mem, data := checkpointed(t, rows, engine.Options{NoAutoWork: true})
	words := int(binary.BigEndian.Uint32(data[8:]))
	senseless := 0
	for word := range words - 2 {
		for _, v := range []uint32{0, 1, 2, 0xDA, 1 << 16, 1 << 31, 1<<32 - 1} {
			change := func(pages ...int) []byte {
				return changed(data, func(b []byte) {
					for _, page := range pages {
						binary.BigEndian.PutUint32(b[page*4096+4*word:], v)
						if word != 2 { // the number of words, which says where the checksum is
							sumMeta(b[page*4096:], words)
						}
					}
				})
			}
			both := change(0, 1)
			if _, err := format.DecodeCheckpoint(both[:format.MetaSize]); err == nil {
				continue
			}
			senseless++
			mem.WriteFile("/x.lsm", both)
			if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("word %d is %d on both pages: %v", word, v, err)
			}
			expectFile(t, mem, "/x.lsm", both)
			for page := range 2 {
				one := change(page)
				mem.WriteFile("/x.lsm", one)
				db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
				if errors.Is(err, engine.ErrCorrupt) {
					expectFile(t, mem, "/x.lsm", one)
					continue
				}
				if err != nil {
					t.Errorf("word %d is %d on page %d: %v", word, v, page+1, err)
					continue
				}
				if n := len(rowsOf(t, db)); n != rows {
					t.Errorf("word %d is %d on page %d: %d rows", word, v, page+1, n)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if senseless < 100 {
		t.Errorf("%d senseless checkpoints were tried", senseless)
	}
}

// TestSetSafetyWithinTransaction raises the level from off while a transaction is open:
// it is refused at once, not waited for.
func TestSetSafetyWithinTransaction(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), Safety: engine.SafetyOff})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.Safety = engine.SafetyFull }); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("within a transaction: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.Set(func(o *engine.Options) { o.Safety = engine.SafetyFull }); err != nil || db.Options().Safety != engine.SafetyFull {
		t.Errorf("after it: %v, level %v", err, db.Options().Safety)
	}
}
