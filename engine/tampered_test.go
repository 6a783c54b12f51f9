// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// sealedSpecimen returns an encrypted database that was closed, of a few segments, its rows, and what it was when it
// was closed before.
func sealedSpecimen(t *testing.T, o engine.Options, updates int) (file []byte, rows string, older []byte) {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.Key = fs, key1
	db := mustOpen(t, "/x", o)
	rng := rand.New(rand.NewPCG(3, 3))
	for round := range 3 {
		for n := range updates {
			ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(wordRow(rng, n)) }))
		}
		ok(t, db.Flush(ctx))
		if round == 1 {
			ok(t, db.Close())
			older, _ = fs.ReadFile("/x")
			db = mustOpen(t, "/x", o)
		}
	}
	rows = contentOf(t, db)
	ok(t, db.Close())
	file, err := fs.ReadFile("/x")
	ok(t, err)
	return file, rows, older
}

// tried is what comes of opening and reading a file that was changed.
type tried struct {
	err  error // of opening or reading it
	rows string
}

// try opens a file and reads it forward and backward.
func try(t *testing.T, file []byte, key keys.Source, readOnly bool) (r tried) {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	ok(t, fs.WriteFile("/x", file))
	db, err := engine.Open(ctx, "/x", engine.Options{FS: fs, Key: key, ReadOnly: readOnly, CacheSize: 16 << 10})
	if err != nil {
		if after, _ := fs.ReadFile("/x"); !bytes.Equal(after, file) {
			t.Fatalf("a file was changed that was refused: %v", err)
		}
		return tried{err: err}
	}
	defer db.Close()
	r.err = db.View(ctx, func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		n := 0
		for more := c.First(); more; more = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			if n++; n > 1 {
				r.rows += "\n"
			}
			r.rows += string(c.Key()) + "=" + string(v)
		}
		if c.Err() != nil {
			return c.Err()
		}
		for more := c.Last(); more; more = c.Prev() {
			n--
		}
		if c.Err() == nil && n != 0 {
			t.Errorf("%d rows more forward than backward", n)
		}
		return c.Err()
	})
	return r
}

// typed reports whether an error says that a file was changed, or not with this key.
func typed(err error) bool {
	return errors.Is(err, engine.ErrCorrupt) || errors.Is(err, engine.ErrMismatch)
}

// TestEveryByteOfAnEncryptedFile changes every byte of a file in turn, and the checksums of the meta pages after it or
// not: there is an error, or the rows that were written, and never another one.
func TestEveryByteOfAnEncryptedFile(t *testing.T) {
	t.Parallel()
	file, rows, _ := sealedSpecimen(t, engine.Options{PageSize: 256, BlockSize: 64 << 10}, 12)
	if d, err := secondreader.Read(file, nil, secondreader.Key{Raw: bytes.Repeat([]byte{1}, keys.Size)}); err != nil || len(d.Rows) == 0 {
		t.Fatalf("read a second time: %v", err)
	}
	if r := try(t, file, key1, false); r.err != nil || r.rows != rows {
		t.Fatal(r.err)
	}
	end := 2 * format.MetaPageSize
	for i, b := range file { // after the last byte that was written there is nothing to change
		if b != 0 {
			end = i + 1
		}
	}
	step, tampered := 1, 0
	if testing.Short() {
		step = 13
	}
	for at := 0; at < end; at += step {
		changed := bytes.Clone(file)
		changed[at] ^= 1 << (at % 8)
		inMeta := at < 2*format.MetaPageSize
		if inMeta && !inParts(file, at) && at%61 > 0 {
			continue // zeros that mean nothing; the note's sector is tried elsewhere
		}
		for _, repair := range []bool{false, true} {
			if repair {
				if !inMeta || at%format.MetaPageSize >= format.NoteOffset {
					continue
				}
				if secondreader.Repair(changed); bytes.Equal(changed, file) {
					continue // it was a checksum
				}
			}
			r := try(t, changed, key1, at%5 > 0)
			if r.err == nil && r.rows != rows || r.err != nil && !typed(r.err) {
				t.Fatalf("byte %d, checksums repaired %v: %v, rows as they were: %v", at, repair, r.err, r.rows == rows)
			}
			if errors.Is(r.err, engine.ErrTampered) {
				tampered++
			}
			counts := at%format.MetaPageSize >= 2048+72 && at%format.MetaPageSize < 2048+76 // with these wrong, nothing says where the CRC is
			if repair && r.err == nil && inParts(file, at) && !counts && secondreader.Whole(changed[at/format.MetaPageSize*format.MetaPageSize:]) {
				t.Errorf("byte %d: the meta page is whole, and was taken for what was written", at)
			}
		}
	}
	if tampered*step < (end-2*format.MetaPageSize)/2 {
		t.Errorf("ErrTampered comes for %d of %d bytes", tampered*step, end)
	}
}

// inParts reports whether a byte of a meta page is one of its checkpoint or of its crypto area.
func inParts(file []byte, at int) bool {
	page, in := file[at/format.MetaPageSize*format.MetaPageSize:], at%format.MetaPageSize
	area := page[2048:]
	size := 76 + 16*int(binary.BigEndian.Uint16(area[72:])) + int(binary.BigEndian.Uint16(area[74:])) + 36
	return in < format.CheckpointSize(page) || in >= 2048 && in < 2048+size
}

// TestPartsOfEncryptedFilesExchanged puts meta pages and blocks of other states, and of other files, in place of those
// of a file.
func TestPartsOfEncryptedFilesExchanged(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	o := engine.Options{FS: fs, Key: key1, PageSize: 512, BlockSize: 64 << 10}
	db := mustOpen(t, "/x", o)
	rng := rand.New(rand.NewPCG(5, 5))
	var states [][]byte
	var rows []string
	for range 4 { // the same blocks are written again and again
		for n := range 150 {
			ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(wordRow(rng, n)) }))
		}
		ok(t, db.Optimize(ctx))
		rows = append(rows, contentOf(t, db))
		ok(t, db.Close())
		file, err := fs.ReadFile("/x")
		ok(t, err)
		states = append(states, file)
		db = mustOpen(t, "/x", o)
	}
	ok(t, db.Close())
	ok(t, db.Close())
	other, _, _ := sealedSpecimen(t, o, 150)
	clear := o
	clear.FS, clear.Key = memfs.New(), nil
	plain := mustOpen(t, "/clear", clear)
	ok(t, plain.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("planted")) }))
	ok(t, plain.Close())
	planted, err := clear.FS.(*memfs.FS).ReadFile("/clear")
	ok(t, err)

	newest := states[3]
	meta := func(i int) (from, to int) { return i * format.MetaPageSize, (i + 1) * format.MetaPageSize }
	for name, change := range map[string]func(f []byte){
		"a meta page of another file":    func(f []byte) { a, b := meta(0); copy(f[a:b], other[a:b]) },
		"both meta pages of another":     func(f []byte) { copy(f[:2*format.MetaPageSize], other) },
		"a meta page of a clear file":    func(f []byte) { a, b := meta(1); copy(f[a:b], planted[a:b]) },
		"both meta pages of a clear one": func(f []byte) { copy(f[:2*format.MetaPageSize], planted) },
		"a clear file":                   func(f []byte) { clearFrom(f, copy(f, planted)) },
		"older pages":                    func(f []byte) { copy(f[2*format.MetaPageSize:], states[2][2*format.MetaPageSize:]) },
		"newer pages":                    func(f []byte) { copy(f[:2*format.MetaPageSize], states[2]) },
		"pages of another file":          func(f []byte) { copy(f[2*format.MetaPageSize:], other[2*format.MetaPageSize:]) },
		"the area of another state": func(f []byte) {
			for i := range 2 {
				a, _ := meta(i)
				copy(f[a+2048:a+format.NoteOffset], states[2][a+2048:a+format.NoteOffset])
			}
			secondreader.Repair(f)
		},
		"the checkpoint of another state": func(f []byte) {
			for i := range 2 {
				a, _ := meta(i)
				copy(f[a:a+2048], states[2][a:a+2048])
			}
			secondreader.Repair(f)
		},
	} {
		file := bytes.Clone(newest)
		change(file)
		for _, readOnly := range []bool{true, false} {
			if r := try(t, file, key1, readOnly); !typed(r.err) {
				t.Errorf("%s: %v", name, r.err)
			}
		}
	}
	// An older meta page, with its blocks still there, is an older state: nothing tells that there was a newer one.
	for i, file := range states {
		if r := try(t, file, key1, true); r.err != nil || r.rows != rows[i] {
			t.Errorf("state %d: %v", i, r.err)
		}
	}
}

func clearFrom(b []byte, at int) { clear(b[at:]) }

// TestTornMetaPageOfAnEncryptedFile: any part of a meta page may be lost, or be what was there before; the other one
// leads to everything, or nothing is certain; but it never counts as a page that was tampered with.
func TestTornMetaPageOfAnEncryptedFile(t *testing.T) {
	t.Parallel()
	file, rows, older := sealedSpecimen(t, engine.Options{PageSize: 512, BlockSize: 64 << 10}, 40)
	for page := range 2 {
		for lost := 1; lost < 1<<8; lost++ {
			for _, with := range []string{"zeros", "garbage", "older"} {
				torn := bytes.Clone(file)
				for sector := range 8 {
					if lost&(1<<sector) == 0 {
						continue
					}
					b := torn[page*format.MetaPageSize+512*sector:][:min(512, format.MetaSize-512*sector)]
					switch with {
					case "zeros":
						clear(b)
					case "garbage":
						rand.NewChaCha8([32]byte{byte(lost)}).Read(b)
					default:
						copy(b, older[page*format.MetaPageSize+512*sector:])
					}
				}
				r := try(t, torn, key1, lost%4 > 0)
				switch {
				case r.err == nil && r.rows == rows:
				case lost&0x80 != 0 && errors.Is(r.err, engine.ErrCorrupt) && !errors.Is(r.err, engine.ErrTampered):
					// With its note, nothing tells what the page was: a database in clear is refused, too.
				default:
					t.Errorf("page %d, sectors %08b are %s: %v", page+1, lost, with, r.err)
				}
			}
		}
	}
}
