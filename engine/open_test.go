// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
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
