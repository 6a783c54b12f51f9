// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// service is an external key that encrypts by adding bytes, and notices nothing.
func service(mask byte) keys.Source {
	crypt := func(_ context.Context, in []byte) ([]byte, error) {
		out := bytes.Clone(in)
		for i := range out {
			out[i] ^= mask
		}
		return out, nil
	}
	return keys.External("kms/a", crypt, crypt)
}

// rowsUnder makes a database with a number of rows, and returns its file, which was closed if it has no log.
func rowsUnder(t *testing.T, key keys.Source, rows int, closed bool) (file, log []byte, content string) {
	t.Helper()
	ctx, fs := context.Background(), memfs.New()
	db := mustOpen(t, "/x", engine.Options{FS: fs, Key: key, PageSize: 512, BlockSize: 64 << 10})
	ok(t, putRange(ctx, db, 0, rows, rows))
	content = contentOf(t, db)
	if closed {
		ok(t, db.Close())
	} else {
		defer db.Close()
		log, _ = fs.ReadFile("/x-log")
	}
	file, err := fs.ReadFile("/x")
	ok(t, err)
	return file, log, content
}

// recovered rescues a file, and returns the rows of the new one.
func recovered(t *testing.T, file, log []byte, key keys.Source) (string, error) {
	t.Helper()
	fs := memfs.New()
	ok(t, fs.WriteFile("/x", file))
	if log != nil {
		ok(t, fs.WriteFile("/x-log", log))
	}
	if _, err := engine.Recover(context.Background(), "/x", "/y", engine.RecoverOptions{FS: fs, Key: key}); err != nil {
		return "", err
	}
	db := mustOpen(t, "/y", engine.Options{FS: fs, Key: key, ReadOnly: true})
	defer db.Close()
	return contentOf(t, db), nil
}

// TestRecoverOneWholeMetaPage changes bytes of one meta page's crypto area in turn, with all checksums repaired: the
// other page leads to all rows, whatever kind of key opens it. Open refuses the file.
func TestRecoverOneWholeMetaPage(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]keys.Source{"raw": key1, "external": service(3), "passphrase": keys.Passphrase([]byte("word"), quick)} {
		file, _, content := rowsUnder(t, key, 60, true)
		for page := range 2 {
			for at := crypt0; at < format.NoteOffset; at++ {
				if at >= crypt0+48 && at%7 != 0 {
					continue // before that are suite, codec and file id
				}
				changed := bytes.Clone(file)
				changed[page*format.MetaPageSize+at] ^= 3
				secondreader.Repair(changed)
				if bytes.Equal(changed[page*format.MetaPageSize:][:format.NoteOffset], file[page*format.MetaPageSize:][:format.NoteOffset]) {
					continue // it was the checksum itself
				}
				if got, err := recovered(t, changed, nil, key); err != nil || got != content {
					t.Fatalf("%s: byte %d of page %d: %d bytes of rows of %d, %v", name, at, page+1, len(got), len(content), err)
				}
				if !inParts(changed, page*format.MetaPageSize+at) {
					break // what follows is of no meaning
				}
				counts := at >= crypt0+72 && at < crypt0+76 // with these wrong, nothing says where the CRC is
				if r := try(t, changed, key, true); r.err == nil && !counts && secondreader.Whole(changed[page*format.MetaPageSize:]) {
					t.Errorf("%s: byte %d of page %d: the file was opened", name, at, page+1)
				}
			}
		}
	}
}

// crypt0 is where the crypto area begins.
const crypt0 = 2048

// TestRecoverMetaPageOfAnotherFile puts a meta page of another file of the same key in place of each of a file's: what
// else is in the file, or in its log, shows whose page counts.
func TestRecoverMetaPageOfAnotherFile(t *testing.T) {
	for name, key := range map[string]keys.Source{"raw": key1, "external": service(3)} {
		for _, closed := range []bool{true, false} {
			for _, others := range []int{0, 3, 900} {
				file, log, content := rowsUnder(t, key, 60, closed)
				other, _, _ := rowsUnder(t, key, others, true)
				for page := range 2 {
					mixed := bytes.Clone(file)
					copy(mixed[page*format.MetaPageSize:][:format.MetaPageSize], other[page*format.MetaPageSize:])
					what := fmt.Sprintf("%s, closed %v, page %d of one with %d rows", name, closed, page+1, others)
					if got, err := recovered(t, mixed, log, key); err != nil || got != content {
						t.Errorf("%s: %d bytes of rows of %d, %v", what, len(got), len(content), err)
					}
					if r := try(t, mixed, key, false); !errors.Is(r.err, engine.ErrTampered) {
						t.Errorf("%s: opened, with %v", what, r.err)
					}
				}
			}
		}
	}
	// Of two empty databases nothing shows which one it is.
	file, _, _ := rowsUnder(t, key1, 0, true)
	other, _, _ := rowsUnder(t, key1, 0, true)
	copy(file[:format.MetaPageSize], other)
	if _, err := recovered(t, file, nil, key1); !errors.Is(err, engine.ErrTampered) || !strings.Contains(err.Error(), "two databases") {
		t.Errorf("two empty databases: %v", err)
	}
}

// TestRecoverMetaPageOfACopy puts a meta page of a copy, which has the same data key and went on by itself, in place of
// each of a file's.
func TestRecoverMetaPageOfACopy(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: key1, PageSize: 512, BlockSize: 64 << 10}
	db := mustOpen(t, "/x", o)
	ok(t, putRange(ctx, db, 0, 60, 60))
	content := contentOf(t, db)
	ok(t, db.Backup(ctx, "/copy", engine.BackupOptions{}))
	ok(t, db.Close())
	c := mustOpen(t, "/copy", o)
	for generation := range 3 {
		ok(t, putRange(ctx, c, 0, 60, generation))
		ok(t, c.Optimize(ctx))
	}
	ok(t, c.Close())
	file, err := fs.ReadFile("/x")
	ok(t, err)
	other, err := fs.ReadFile("/copy")
	ok(t, err)
	for page := range 2 {
		mixed := bytes.Clone(file)
		copy(mixed[page*format.MetaPageSize:][:format.MetaPageSize], other[page*format.MetaPageSize:])
		if got, err := recovered(t, mixed, nil, key1); err != nil || got != content {
			t.Errorf("page %d: %d bytes of rows of %d, %v", page+1, len(got), len(content), err)
		}
		fs := memfs.New()
		ok(t, fs.WriteFile("/x", mixed))
		report, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key1})
		if err != nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], fmt.Sprintf("meta page %d", page+1)) {
			t.Errorf("page %d: the problems are %q, %v", page+1, report.Problems, err)
		}
	}
}

// TestWrongExternalKey: a service that unwraps anything gives a wrong data key in place of an error. That is a wrong
// key, and no file that was changed; but a service may have several keys of one name, and some of them right.
func TestWrongExternalKey(t *testing.T) {
	ctx, fs := context.Background(), memfs.New()
	o := engine.Options{FS: fs, Key: service(1)}
	db := mustOpen(t, "/x", o)
	ok(t, putRange(ctx, db, 0, 9, 9))
	ok(t, db.Close())
	before, _ := fs.ReadFile("/x")
	for _, readOnly := range []bool{false, true} {
		wrong := o
		wrong.Key, wrong.ReadOnly = service(2), readOnly
		_, err := engine.Open(ctx, "/x", wrong)
		if !errors.Is(err, engine.ErrKey) || errors.Is(err, engine.ErrTampered) || !strings.Contains(err.Error(), "kms/a") {
			t.Errorf("read only %v: %v", readOnly, err)
		}
	}
	if _, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: service(2)}); !errors.Is(err, engine.ErrKey) {
		t.Errorf("Recover: %v", err)
	}
	if after, _ := fs.ReadFile("/x"); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	db = mustOpen(t, "/x", o)
	_, err := db.AddKey(ctx, service(2))
	ok(t, err)
	for mask := range byte(4) {
		if err := db.CheckKey(ctx, service(mask)); (err == nil) != (mask == 1 || mask == 2) || err != nil && !errors.Is(err, engine.ErrKey) {
			t.Errorf("CheckKey of key %d: %v", mask, err)
		}
	}
	ok(t, db.Close())
	for mask := range byte(4) {
		if got := opensWith(t, fs, "/x", service(mask)); got != (mask == 1 || mask == 2) {
			t.Errorf("key %d opens it: %v", mask, got)
		}
	}
}

// TestNoWholeMetaPage: without a whole meta page an encrypted database is lost. Whoever looks at it learns that, with
// the right key and without one, and nothing is changed, removed or made in clear.
func TestNoWholeMetaPage(t *testing.T) {
	ctx := context.Background()
	for _, closed := range []bool{true, false} {
		file, log, _ := rowsUnder(t, key1, 60, closed)
		for name, c := range map[string]struct {
			damage func(meta []byte)
			seen   bool // that it was encrypted
		}{
			"a bit of the checkpoint":  {func(meta []byte) { meta[17] ^= 4 }, true},
			"a bit of the crypto area": {func(meta []byte) { meta[2100] ^= 4 }, true},
			"the checkpoint":           {func(meta []byte) { clear(meta[:2048]) }, true},
			"the crypto area":          {func(meta []byte) { clear(meta[2048:format.NoteOffset]) }, true},
			"everything but the note":  {func(meta []byte) { clear(meta[:format.NoteOffset]) }, !closed},
		} {
			damaged := bytes.Clone(file)
			for page := range 2 {
				c.damage(damaged[page*format.MetaPageSize:])
			}
			for _, key := range []keys.Source{nil, key1} {
				what := fmt.Sprintf("%s, closed %v, key %v", name, closed, key != nil)
				fs := memfs.New()
				ok(t, fs.WriteFile("/x", damaged))
				if log != nil {
					ok(t, fs.WriteFile("/x-log", log))
				}
				check := func(how string, err error) {
					t.Helper()
					if !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrMismatch) || c.seen && !strings.Contains(err.Error(), "encrypted") {
						t.Errorf("%s: %s: %v", what, how, err)
					}
				}
				for _, readOnly := range []bool{true, false} {
					_, err := engine.Open(ctx, "/x", engine.Options{FS: fs, Key: key, ReadOnly: readOnly})
					check("Open", err)
				}
				_, err := engine.Recover(ctx, "/x", "/y", engine.RecoverOptions{FS: fs, Key: key})
				check("Recover", err)
				if _, err := fs.ReadFile("/y"); err == nil {
					t.Errorf("%s: there is a new file", what)
				}
				info, err := engine.Identify(fs, "/x")
				if ok(t, err); c.seen && !strings.Contains(info.What, "encrypted") {
					t.Errorf("%s: it is %s", what, info.What)
				}
				after, _ := fs.ReadFile("/x")
				logAfter, _ := fs.ReadFile("/x-log")
				if !bytes.Equal(after, damaged) || !bytes.Equal(log, logAfter) {
					t.Errorf("%s: the files were changed", what)
				}
			}
		}
	}
	// A database in clear with a damaged meta page is none of that.
	file, _, content := rowsUnder(t, nil, 60, true)
	for page := range 2 {
		file[page*format.MetaPageSize+17] ^= 4
	}
	if got, err := recovered(t, file, nil, nil); err != nil || got != content {
		t.Errorf("in clear: %d bytes of rows of %d, %v", len(got), len(content), err)
	}
	if _, err := recovered(t, file, nil, key1); !errors.Is(err, engine.ErrCorrupt) || !strings.Contains(err.Error(), "leave out the key") {
		t.Errorf("in clear, with a key: %v", err)
	}
}
