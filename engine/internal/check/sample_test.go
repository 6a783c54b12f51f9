// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/check"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// path is where the sample lies.
const path = "/sample.lsm"

// sample is a small database that has a bit of everything: several levels over several
// blocks, some shared, long keys and values, range deletes, free blocks, and a log. The
// engine has made it, and is gone as if by a crash; the sample is what opening it finds.
type sample struct {
	t    *testing.T
	fs   *memfs.FS
	file vfs.File // a handle to damage the file through
	bf   *blockfile.File
	geo  format.Geometry

	disk *snapshot.Snapshot
	free *freelist.List
	meta check.Meta
	log  check.Log

	seals map[base.PageNo]format.Seal // of all pages of segments
	// byChance counts the pages that replace found to fit.
	byChance int
}

func newSample(t *testing.T) *sample {
	t.Helper()
	fs := memfs.New()
	db, err := engine.Open(context.Background(), path, engine.Options{
		FS: fs, PageSize: 1024, BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: -1, MaxFreelist: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db)
	s := &sample{t: t, fs: fs.Clone()}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	s.expectSound()
	return s
}

// fill writes what is in the sample.
func fill(t *testing.T, db *engine.DB) {
	t.Helper()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(7, 7))
	key := func(i int) []byte {
		k := fmt.Appendf(nil, "key-%06d", i)
		if i%40 == 0 {
			k = append(k, bytes.Repeat([]byte{'l'}, 300+i%900)...)
		}
		return k
	}
	flush := func(change func(tx *engine.Tx) error) {
		t.Helper()
		if err := db.Update(ctx, change); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	put := func(from, n, step, size int) func(tx *engine.Tx) error {
		return func(tx *engine.Tx) error {
			for i := range n {
				v := make([]byte, rng.IntN(size))
				for j := range v {
					v[j] = byte(rng.Uint32())
				}
				if err := tx.Put(key(from+i*step), v); err != nil {
					return err
				}
			}
			return nil
		}
	}
	// Churn first, so that blocks become free.
	for i := range 4 {
		flush(put(i*60, 220, 3, 300))
	}
	if _, err := db.Work(ctx, engine.WorkOptions{Merge: 1}); err != nil {
		t.Fatal(err)
	}
	flush(put(0, 40, 20, 4000))
	flush(func(tx *engine.Tx) error {
		for i := range 16 {
			if err := tx.DeleteRange(key(i*40), key(i*40+17)); err != nil {
				return err
			}
			if err := tx.Delete(key(i*40 + 20)); err != nil {
				return err
			}
		}
		return put(5, 60, 13, 100)(tx)
	})
	flush(put(3000, 20, 1, 50))
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, put(1, 50, 7, 100)); err != nil {
		t.Fatal(err)
	}
}

// load reads what the files hold.
func (s *sample) load() error {
	s.t.Helper()
	var err error
	if s.file, err = s.fs.Open(path, vfs.ReadWrite, 0); err != nil {
		s.t.Fatal(err)
	}
	l, err := checkpoint.Load(s.file, path)
	if err != nil || l.Checkpoint == nil {
		s.t.Fatal(l.Damaged, err)
	}
	c := l.Checkpoint
	if s.geo, err = c.Geometry(); err != nil {
		s.t.Fatal(err)
	}
	s.bf = blockfile.New(s.file, path, s.geo, nil, 1<<20)
	s.bf.SetBlocks(c.Blocks)
	s.meta = check.Meta{Newest: l.Durable(), Synced: l.OldestID(), Pair: true}
	if s.disk, err = snapshot.Load(s.bf, c); err != nil {
		return err
	}
	recorded, err := cursor.RecordedFree(s.disk)
	if err != nil {
		return err
	}
	if s.free, err = freelist.New(c.Blocks, recorded, c.Free); err != nil {
		return err
	}
	logFile, err := s.fs.Open(path+"-log", vfs.ReadWrite, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	log, rec, err := wal.Recover(logFile, c.Log, nil, func(format.LogRecord) error { return nil })
	if err != nil || rec.Commits == 0 {
		s.t.Fatal(rec.Commits, err)
	}
	s.log = check.Log{File: logFile, Regions: log.Regions(), End: log.End()}
	return nil
}

// restore returns a sample in the state that change makes of the newest checkpoint, or the
// error that it is refused with.
func (s *sample) restore(t *testing.T, change func(c *format.Checkpoint)) (*sample, error) {
	t.Helper()
	other := &sample{t: t, fs: s.fs.Clone(), file: s.file}
	meta, err := s.bf.ReadMeta(s.meta.Newest)
	if err != nil {
		t.Fatal(err)
	}
	c, err := format.DecodeCheckpoint(meta)
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	blob, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if other.file, err = other.fs.Open(path, vfs.ReadWrite, 0); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 2; i++ {
		other.writeMeta(i, append(blob, make([]byte, format.MetaSize-len(blob))...))
	}
	return other, other.load()
}

// state is what is checked.
func (s *sample) state() check.State {
	return check.State{Disk: s.disk, Account: ledger.Account{
		Blocks: s.free.Blocks(), Free: s.free.Entries(), Delta: s.free.Delta(), Reserved: s.free.ReservedBlocks(),
	}}
}

func (s *sample) input() check.Input {
	return check.Input{
		Decode: format.DecodeCheckpoint,
		Path:   path, File: s.bf,
		State: func() (check.State, func()) { return s.state(), func() {} },
		Meta:  func(_ context.Context, look func(check.Meta)) { look(s.meta) },
		Log:   func(look func(check.Log)) { look(s.log) },
	}
}

func (s *sample) check() (problems []check.Problem) {
	check.Run(context.Background(), s.input(), func(p check.Problem) bool {
		problems = append(problems, p)
		return true
	})
	return problems
}

func (s *sample) expectSound() {
	s.t.Helper()
	for _, p := range s.check() {
		s.t.Errorf("sound database: %v", p)
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// expect fails unless a problem names the page and one contains the text.
func (s *sample) expect(what string, page base.PageNo, text string) {
	s.t.Helper()
	problems := s.check()
	named, said := page == 0, text == ""
	for _, p := range problems {
		named = named || p.Page == int64(page) || strings.Contains(p.Detail, fmt.Sprintf("page %d", page))
		said = said || strings.Contains(p.Detail, text)
	}
	if len(problems) == 0 || !named || !said {
		s.t.Errorf("%s (page %d, %q): check found %v", what, page, text, problems)
	}
}

// page reads a page, and write writes it back as it is.
func (s *sample) page(p base.PageNo) []byte {
	s.t.Helper()
	raw, err := (&blockfile.Space{File: s.bf}).RawPage(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *sample) write(p base.PageNo, raw []byte) {
	s.t.Helper()
	if _, err := s.file.WriteAt(raw, s.geo.Offset(p)); err != nil {
		s.t.Fatal(err)
	}
}

// writeMeta writes a meta page.
func (s *sample) writeMeta(i int, b []byte) {
	s.t.Helper()
	if _, err := s.file.WriteAt(b, int64(i-1)*format.MetaPageSize); err != nil {
		s.t.Fatal(err)
	}
}

// sealOf returns the seal of the segment that page p belongs to, as segments has found it.
func (s *sample) sealOf(p base.PageNo) format.Seal {
	s.t.Helper()
	if s.seals == nil {
		s.segments()
	}
	seal, ok := s.seals[p]
	if !ok {
		s.t.Fatalf("page %d belongs to no segment", p)
	}
	return seal
}

// seal writes a page with a new page sum.
func (s *sample) seal(p base.PageNo, raw []byte) {
	s.t.Helper()
	s.geo.SealPage(p, raw, s.sealOf(p))
	s.write(p, raw)
}

// pagedLevel is a level of one segment, with all of that segment's pages.
type pagedLevel struct {
	*snapshot.Level
	pages []base.PageNo
}

// segments returns the segments with all of their pages.
func (s *sample) segments() (out []pagedLevel) {
	s.t.Helper()
	s.seals = make(map[base.PageNo]format.Seal)
	for _, l := range s.disk.Levels {
		var pages []base.PageNo
		for p := l.Seg.First; ; {
			pages = append(pages, p)
			s.seals[p] = l.Seg.Space.Seal
			if p == l.Seg.Last {
				break
			}
			var err error
			if p, err = l.Seg.Space.NextPage(p); err != nil {
				s.t.Fatal(err)
			}
		}
		out = append(out, pagedLevel{l, pages})
	}
	return out
}
