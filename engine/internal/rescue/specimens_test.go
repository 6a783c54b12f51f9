// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// specimen is a database that is not damaged.
type specimen struct {
	name      string
	data, log []byte
	ck        *format.Checkpoint
	geo       format.Geometry
	rows      map[string]*origin
	// ever are all rows that there ever were, nil if that is not known.
	ever  map[string]bool
	older [][]byte // what the file was before
}

// origin is a row and where it is read from.
type origin struct {
	value string // or its hash
	spans []rescue.Span
	log   bool
	from  int64 // of its transaction in the log
	to    int64
}

// ours makes databases of many shapes.
func ours(t testing.TB) (list []*specimen) {
	for _, o := range []struct {
		name   string
		shape  shape
		option engine.Options
	}{
		{"256", shape{levels: 4, rows: 150, long: 1500}, engine.Options{PageSize: 256}},
		{"1k", shape{levels: 6, rows: 300, long: 5000, ranges: true}, engine.Options{PageSize: 1024}},
		{"4k", shape{levels: 3, rows: 2500, generations: 3}, engine.Options{PageSize: 4096}},
		{"one", shape{levels: 1, rows: 3000, long: 30000, generations: 2}, engine.Options{PageSize: 4096}},
		{"merging", shape{levels: 5, rows: 1200, merging: true}, engine.Options{PageSize: 512}},
		{"killed", shape{levels: 3, rows: 400, killed: 300, ranges: true}, engine.Options{PageSize: 1024}},
		{"log only", shape{killed: 200}, engine.Options{}},
		{"worked", shape{levels: 8, rows: 800, auto: true, generations: 3}, engine.Options{PageSize: 1024, AutoFlush: 32 << 10, AutoCheckpoint: 64 << 10}},
		{"lz4", shape{levels: 4, rows: 900, long: 6000}, engine.Options{PageSize: 1024, Compression: "lz4"}},
		{"zlib", shape{levels: 3, rows: 900, ranges: true}, engine.Options{PageSize: 4096, Compression: "zlib"}},
		{"zstd", shape{levels: 3, rows: 1200, killed: 50, long: 9000}, engine.Options{PageSize: 4096, Compression: "zstd"}},
		{"long 512", shape{levels: 2, rows: 600, exact: 300}, engine.Options{PageSize: 512}},
		{"long 1k", shape{levels: 2, rows: 400, exact: 1500}, engine.Options{PageSize: 1024}},
		{"long 4k", shape{levels: 1, rows: 200, exact: 5000}, engine.Options{PageSize: 4096}},
		{"long 16k", shape{levels: 1, rows: 40, exact: 12000}, engine.Options{PageSize: 16384}},
		{"log used again", shape{rows: 60, rounds: []int{600, 150, 100, 100}}, engine.Options{}},
		{"log used and going on", shape{rows: 60, rounds: []int{600, 150, 100}, killed: 50}, engine.Options{}},
		{"snappy", shape{levels: 5, rows: 900, merging: true}, engine.Options{PageSize: 512, Compression: "snappy"}},
	} {
		o.option.BlockSize = 64 << 10
		list = append(list, makeSpecimen(t, o.name, o.shape, o.option))
	}
	return list
}

// shape is how a database is made.
type shape struct {
	levels, rows, long, generations int
	killed                          int   // rows in the log of a database that is not closed
	exact                           int   // the length of all values
	rounds                          []int // of how many transactions of about 1 KiB each there is a checkpoint
	ranges, merging, auto           bool
}

func makeSpecimen(t testing.TB, name string, sh shape, o engine.Options) *specimen {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.NoAutoWork = fs, !sh.auto
	s := &specimen{name: "ours " + name, ever: make(map[string]bool)}
	rng := rand.New(rand.NewPCG(uint64(len(name)), uint64(sh.rows)))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(name, err)
		}
	}
	put := func(tx *engine.Tx, i, g, l int) {
		v := fmt.Sprintf("value %d of level %d in generation %d %s", rng.IntN(1000), l, g, strings.Repeat("lsm", rng.IntN(20)))
		if sh.exact > 0 {
			v = random(rng, sh.exact)
		} else if sh.long > 0 && rng.IntN(40) == 0 {
			v = random(rng, sh.long/2+rng.IntN(sh.long/2))
		}
		k := fmt.Sprintf("key/%06d", i)
		s.ever[k+"\x00"+v] = true
		must(tx.Put([]byte(k), []byte(v)))
	}
	for g := range max(sh.generations, 1) {
		db, err := engine.Open(ctx, "/x.db", o)
		must(err)
		for l := range sh.levels {
			must(db.Update(ctx, func(tx *engine.Tx) error {
				for range sh.rows {
					put(tx, rng.IntN(3*sh.rows), g, l)
				}
				for range sh.rows / 20 {
					must(tx.Delete(fmt.Appendf(nil, "key/%06d", rng.IntN(3*sh.rows))))
				}
				if at := rng.IntN(3 * sh.rows); sh.ranges {
					must(tx.DeleteRange(fmt.Appendf(nil, "key/%06d", at), fmt.Appendf(nil, "key/%06d", at+rng.IntN(sh.rows/3))))
				}
				return nil
			}))
			must(db.Flush(ctx))
		}
		for n, commits := range sh.rounds {
			for i := range commits {
				must(db.Update(ctx, func(tx *engine.Tx) error {
					k, v := fmt.Sprintf("key/%06d", i%(3*sh.rows)), fmt.Sprintf("commit %d of round %d %s", i, n, strings.Repeat("x", 1000))
					s.ever[k+"\x00"+v] = true
					return tx.Put([]byte(k), []byte(v))
				}))
			}
			must(db.Flush(ctx))
			_, err := db.Checkpoint(ctx)
			must(err)
		}
		if sh.merging {
			_, err := db.Work(ctx, engine.WorkOptions{Merge: 4, Pages: 150})
			must(err)
			_, err = db.Checkpoint(ctx)
			must(err)
		}
		if g+1 < max(sh.generations, 1) && !sh.auto {
			must(db.Optimize(ctx))
		}
		if _, err := db.Checkpoint(ctx); sh.killed > 0 || sh.rounds != nil {
			must(err)
			for i := range sh.killed / 5 {
				must(db.Update(ctx, func(tx *engine.Tx) error {
					for range 5 {
						put(tx, rng.IntN(3*sh.rows+200), 9, i)
					}
					return nil
				}))
			}
			s.data, err = fs.ReadFile("/x.db")
			must(err)
			s.log, err = fs.ReadFile("/x.db-log")
			must(err)
		}
		must(db.Close())
		if s.log == nil {
			if s.data != nil {
				s.older = append(s.older, s.data)
			}
			s.data, err = fs.ReadFile("/x.db")
			must(err)
		}
	}
	return s.finish(t)
}

func random(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}

// finish reads the rows of an undamaged database, and where they are.
func (s *specimen) finish(t testing.TB) *specimen {
	t.Helper()
	for off := 0; off <= format.MetaPageSize && off+format.MetaSize <= len(s.data); off += format.MetaPageSize {
		if c, err := format.DecodeCheckpoint(s.data[off:][:format.MetaSize]); err == nil && (s.ck == nil || c.ID > s.ck.ID) {
			s.ck = c
		}
	}
	var err error
	if s.geo, err = s.ck.Geometry(); err != nil {
		t.Fatal(err)
	}
	s.rows = make(map[string]*origin)
	r := open(t, s.data, s.log, rescue.Options{})
	for r.Next() {
		s.rows[string(r.Key())] = &origin{value: value(t, r), spans: r.Spans(), log: r.OfLog()}
	}
	if s.ever != nil {
		for k, o := range s.rows {
			if !s.ever[k+"\x00"+o.value] {
				t.Fatalf("%s: %q was never written", s.name, k)
			}
		}
	}
	s.transactions(t)
	return s
}

// transactions notes in which part of the log rows are.
func (s *specimen) transactions(t testing.TB) {
	if s.log == nil {
		return
	}
	fs := memfs.New()
	if err := fs.WriteFile("/log", s.log); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Open("/log", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool)
	from := int64(0)
	if _, _, err = wal.RecoverSteps(f, s.ck.Log, nil, func(r format.LogRecord) error {
		keys[string(r.Key)] = true
		return nil
	}, func(pos format.LogPos) error {
		for k := range keys {
			if o := s.rows[k]; o != nil {
				o.from, o.to = from, pos.Off
			}
		}
		from = pos.Off
		clear(keys)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// open begins to rescue files.
func open(t testing.TB, data, log []byte, o rescue.Options) *rescue.Rescue {
	t.Helper()
	fs := memfs.New()
	file := func(name string, b []byte) vfs.File {
		if err := fs.WriteFile(name, b); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Open(name, vfs.ReadWrite, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	o.Data, o.Path = file("/x.db", data), "/x.db"
	if log != nil {
		o.Log, o.LogPath = file("/x.db-log", log), "/x.db-log"
	}
	n := 0
	o.Temp = func() (vfs.File, error) {
		n++
		return file(fmt.Sprint("/temp", n), nil), nil
	}
	if o.Memory == 0 {
		o.Memory = rescue.DefaultMemory
	}
	r, err := rescue.Open(context.Background(), o)
	if err != nil {
		return nil
	}
	return r
}

// value returns the value of the current row, or a hash of one that is long.
func value(t testing.TB, r *rescue.Rescue) string {
	var b bytes.Buffer
	if err := r.Value(func(p []byte) error { b.Write(p); return nil }); err != nil {
		t.Fatal(err)
	}
	if b.Len() != r.ValueLen() {
		t.Fatalf("value of %d bytes, want %d", b.Len(), r.ValueLen())
	}
	return b.String()
}

// golden are databases that C lsm1 wrote, and lsmlite before it had seals.
func golden(t testing.TB) (list []*specimen) {
	t.Helper()
	dirs := []string{"../../testdata/golden", "../../testdata/oldsums", "../../../../shared/golden", "../../../../shared/golden/demo"}
	seen := make(map[string]bool)
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			base := strings.TrimSuffix(name, ".jsonl")
			data, err := readFile(base + ".db")
			if err != nil {
				t.Fatal(err)
			}
			log, _ := readFile(base + ".db-log")
			if seen[filepath.Base(base)] || len(data) > 700<<10 || len(data) <= 2*format.MetaPageSize {
				continue
			}
			seen[filepath.Base(base)] = true
			s := (&specimen{name: "C " + filepath.Base(base), data: data, log: log}).finish(t)
			expectListing(t, s, name)
			list = append(list, s)
		}
	}
	return list
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name + ".gz")
	if os.IsNotExist(err) {
		return os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// expectListing compares a specimen with the listing of its file.
func expectListing(t testing.TB, s *specimen, name string) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			K, V   string
			N      int
			SHA256 string
		}
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		n++
		k, err := hex.DecodeString(row.K)
		if err != nil {
			t.Fatal(err)
		}
		o := s.rows[string(k)]
		sum := sha256.Sum256([]byte(""))
		if o != nil {
			sum = sha256.Sum256([]byte(o.value))
		}
		if o == nil || row.SHA256 == "" && hex.EncodeToString([]byte(o.value)) != row.V || row.SHA256 != "" && hex.EncodeToString(sum[:]) != row.SHA256 {
			t.Fatalf("%s: key %x is not as listed", s.name, k)
		}
	}
	if n != len(s.rows) {
		t.Fatalf("%s: %d rows, %d are listed", s.name, len(s.rows), n)
	}
}
