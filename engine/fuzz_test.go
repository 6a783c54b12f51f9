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
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// fuzzFile is a sound database that mutations start from.
type fuzzFile struct{ db, log []byte }

// fuzzFiles returns a database that we wrote and, where they are at hand, small ones of
// C lsm1, whose pages carry no page sum.
func fuzzFiles(tb testing.TB) (files []fuzzFile) {
	tb.Helper()
	ctx := context.Background()
	fs := memfs.New()
	db, err := engine.Open(ctx, "/a.db", engine.Options{FS: fs, PageSize: 256, BlockSize: 64 << 10, NoAutoWork: true})
	if err != nil {
		tb.Fatal(err)
	}
	for round := range 4 {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 40 {
				if err := tx.Put(fmt.Appendf(nil, "key%03d%0*d", i*3+round, i%5*20, 0), make([]byte, i*7)); err != nil {
					return err
				}
			}
			return tx.DeleteRange(fmt.Appendf(nil, "key%03d", round*20), fmt.Appendf(nil, "key%03d", round*20+9))
		})
		if err != nil {
			tb.Fatal(err)
		}
		if round < 3 {
			err = flushAndCheckpoint(ctx, db)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	read := func(name string) []byte {
		data, err := fs.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		return data
	}
	files = append(files, fuzzFile{read("/a.db"), read("/a.db-log")})
	wd, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for d := wd; filepath.Dir(d) != d; d = filepath.Dir(d) {
		for _, name := range []string{"ranges", "b1-flush", "p256", "merge-last"} {
			for _, dir := range []string{filepath.Join(d, "shared", "golden"), filepath.Join(d, "testdata", "golden")} {
				data, err := os.ReadFile(filepath.Join(dir, name+".db"))
				if err != nil {
					continue
				}
				log, err := os.ReadFile(filepath.Join(dir, name+".db-log"))
				if err != nil {
					tb.Fatal(err)
				}
				files = append(files, fuzzFile{data, log})
			}
		}
	}
	return files
}

// mutate applies edits of six bytes each: what to change, where, and to what.
func (f fuzzFile) mutate(edits []byte) fuzzFile {
	f.db, f.log = append([]byte(nil), f.db...), append([]byte(nil), f.log...)
	c := newestCheckpoint(f.db)
	for len(edits) >= 6 {
		kind, off, v := edits[0], int(edits[1])<<16|int(edits[2])<<8|int(edits[3]), binary.BigEndian.Uint16(edits[4:])
		edits = edits[6:]
		if len(f.db) == 0 {
			return f
		}
		switch kind % 8 {
		case 0, 1: // a byte of the file
			f.db[off%len(f.db)] ^= byte(v)
		case 2, 3, 4: // two bytes of a page, which is sealed again if it was
			g, err := format.NewGeometry(int(c.PageSize), int(c.BlockSize))
			if err != nil {
				continue
			}
			p := g.FirstPage(1) + base.PageNo(off>>8)%max(1, base.PageNo(len(f.db)/g.PageSize)-g.FirstPage(1))
			at := int(g.Offset(p))
			if at+g.PageSize > len(f.db) {
				continue
			}
			raw := f.db[at : at+g.PageSize]
			sealed := g.StoredSum(p, raw) != 0
			seal := format.SealOf(p, raw)
			if g.OldSumGood(p, p, raw) {
				seal = 0
			}
			i := off % 256 * 2
			if kind%8 == 4 {
				i = g.PageSize - 2 - off%64 // near the footer
			}
			binary.BigEndian.PutUint16(raw[i%(g.PageSize-1):], v)
			if sealed {
				g.SealPage(p, raw, seal)
			}
		case 5, 6: // a word of a meta page, with a new checksum
			meta := f.db[min(len(f.db), off%2*format.MetaPageSize):]
			n := 0
			if len(meta) >= 100 {
				n = int(binary.BigEndian.Uint32(meta[8:]))
			}
			if n < 25 || n > 1016 || n*4 > len(meta) {
				continue
			}
			binary.BigEndian.PutUint16(meta[off/2%(n*2-5)*2:], v)
			if int(binary.BigEndian.Uint32(meta[8:])) == n {
				sumMeta(meta, n)
			}
		case 7:
			if v%2 == 0 {
				f.db = f.db[:off%len(f.db)]
			} else if len(f.log) > 0 {
				f.log[off%len(f.log)] ^= byte(v >> 8)
			}
		}
	}
	return f
}

// sumMeta gives a checkpoint of n words a checksum.
func sumMeta(b []byte, n int) {
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	c1, c2 := uint32(1), uint32(2)
	if n%2 == 1 {
		c1 += word(n-3) & 0xFFFF
		c2 += word(n-3) & 0xFFFF0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += c2 + word(i)
		c2 += c1 + word(i+1)
	}
	binary.BigEndian.PutUint32(b[4*n-8:], c1)
	binary.BigEndian.PutUint32(b[4*n-4:], c2)
}

// use opens the file read-only and reads it in every way.
func (f fuzzFile) use(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fs := memfs.New()
	if err := errors.Join(fs.WriteFile("/x.db", f.db), fs.WriteFile("/x.db-log", f.log)); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, CacheSize: 1 << 20})
	if err != nil {
		var e *engine.Error
		var ce *engine.CorruptionError
		if !errors.As(err, &e) && !errors.As(err, &ce) {
			t.Fatalf("open fails with an error of no kind: %v", err)
		}
		return
	}
	problems := 0
	for range db.Check(ctx) {
		problems++
	}
	if ctx.Err() != nil {
		t.Fatal("check takes too long")
	}
	failed := readEverything(t, ctx, db)
	if failed != nil && problems == 0 {
		t.Errorf("check finds nothing, but reading fails: %v", failed)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// readEverything scans in both directions and looks keys up. It returns the first error.
func readEverything(t *testing.T, ctx context.Context, db *engine.DB) (failed error) {
	t.Helper()
	s, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		return err
	}
	defer c.Close()
	note := func(err error) { failed = errors.Join(failed, err) }
	const most = 200_000
	var keys [][]byte
	n := 0
	for ok := c.First(); ok && n < most; ok = c.Next() {
		if n++; n%37 == 0 {
			keys = append(keys, append([]byte(nil), c.Key()...))
		}
		if _, err := c.Value(); err != nil {
			note(err)
		}
	}
	note(c.Err())
	back := 0
	for ok := c.Last(); ok && back < most; ok = c.Prev() {
		back++
	}
	note(c.Err())
	if n == most || back == most || ctx.Err() != nil {
		t.Fatalf("scans do not end: %d and %d keys", n, back)
	}
	for _, k := range append(keys, nil, []byte("key050"), []byte{0xFF}) {
		_, _, err := s.Get(nil, k)
		note(err)
		c.Seek(k, engine.SeekLE)
		note(c.Err())
		c.Seek(k, engine.SeekGE)
		note(c.Err())
	}
	return failed
}

// FuzzOpen opens databases with mutated bytes, read-only: whatever is wrong, nothing
// panics, nothing takes long, and what makes reading fail is found by Check.
func FuzzOpen(f *testing.F) {
	files := fuzzFiles(f)
	for i := range files {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte{2, 0, 0, 1, 0, 0, 3, 0, 2, 9, 9, 9})
		f.Add(byte(i), []byte{4, 0, 1, 2, 0xFF, 0xFF})
		f.Add(byte(i), []byte{5, 0, 0, 14, 0, 7, 5, 0, 0, 80, 0, 60})
		f.Add(byte(i), []byte{7, 0, 0x60, 0, 0, 0})
	}
	f.Add(byte(4), mutations(4875)) // the b-tree of a merge's input, which misses the next key to be merged
	f.Fuzz(func(t *testing.T, which byte, edits []byte) {
		files[int(which)%len(files)].mutate(edits[:min(len(edits), 600)]).use(t)
	})
}

var mutants = flag.Int("mutants", 100, "how often TestMutatedFiles mutates each file")

// TestMutatedFiles is a random run of what FuzzOpen does, with each of its files.
func TestMutatedFiles(t *testing.T) {
	t.Parallel()
	for i, f := range fuzzFiles(t) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			for seed := range *mutants {
				edits := mutations(uint64(seed))
				t.Run(fmt.Sprint(seed), func(t *testing.T) { f.mutate(edits).use(t) })
			}
		})
	}
}

// mutations returns a few random edits.
func mutations(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	edits := make([]byte, 6*(1+rng.IntN(4)))
	for i := range edits {
		edits[i] = byte(rng.Uint32())
	}
	if rng.IntN(2) == 0 { // small values are more often plausible
		for i := 4; i < len(edits); i += 6 {
			edits[i] = 0
		}
	}
	return edits
}
