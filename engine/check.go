package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Problem is something that Check found wrong.
type Problem struct {
	File    string
	Page    int64  // page, 0 if no page is concerned
	Offset  int64  // byte offset in the file, -1 if unknown
	Segment string // which level and segment, empty if none
	Detail  string
}

// String renders the problem on one line.
func (p Problem) String() string {
	s := p.File
	if p.Segment != "" {
		s += ", " + p.Segment
	}
	if p.Page != 0 {
		s += fmt.Sprintf(", page %d", p.Page)
	}
	if p.Offset >= 0 {
		s += fmt.Sprintf(", offset %d", p.Offset)
	}
	return s + ": " + p.Detail
}

// Check reads everything that the newest committed state refers to, afresh from the
// files and past the page cache, and yields whatever is wrong with it: the meta pages,
// the place of each block, every page, record and b-tree of every segment, the free
// list, the log and the trees in memory. A sound database yields nothing.
//
// One problem does not hide others: a page that cannot be read is reported and the check
// goes on behind it. Only where the length of a compressed page is damaged, it is not known
// where the next one begins, and the rest of that segment is left out. Memory in use is bounded, apart from a few words for each block.
//
// Check may be called at any time, from any goroutine. It shows one state, and while it
// runs nothing of that state is overwritten; readers and writers go on meanwhile. Only
// while the log is read a writer has to wait, and if a transaction is under way the log
// is left out. When ctx ends, so does the sequence; ctx.Err tells then that it is not
// complete.
func (db *DB) Check(ctx context.Context) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		c := &checker{ctx: ctx, db: db, yield: yield}
		if err := db.enter("check"); err != nil {
			c.report(nil, 0, "%v", err)
			return
		}
		defer db.leave()
		meta := c.metaPages()
		// Levels and free list change together, under this mutex.
		db.pub.Lock()
		st := db.reg.Acquire()
		c.freeList(st.Disk)
		db.pub.Unlock()
		defer db.reg.Release(st)
		c.stored(meta)
		c.all()
		c.trees(st)
		c.log()
	}
}

// checkSnapshot yields what is wrong with the levels of a snapshot and all that they
// consist of. Nothing may be published meanwhile.
func (db *DB) checkSnapshot(ctx context.Context, disk *snapshot.Snapshot) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		c := &checker{ctx: ctx, db: db, yield: yield}
		db.pub.Lock()
		c.freeList(disk)
		db.pub.Unlock()
		c.all()
	}
}

// checker is one run of Check.
type checker struct {
	ctx   context.Context
	db    *DB
	yield func(Problem) bool
	done  bool // the receiver wants no more problems

	disk     *snapshot.Snapshot
	geo      format.Geometry
	blocks   uint32 // blocks of the file
	free     []format.FreeEntry
	delta    []format.FreeEntry
	reserved []base.BlockNo

	segs []*checkedSegment           // in the order in which C lsm1 lists them
	uses map[base.BlockNo][]blockUse // what of each block the segments use
	bad  map[base.PageNo]struct{}    // pages already reported as unreadable
}

// checkedSegment is a segment with its place in the levels.
type checkedSegment struct {
	segment.Segment
	index int // in checker.segs
	level int
	name  string
	lv    *snapshot.Level
	// input is the number of the input of a half-done merge that this is, or -1. The
	// front of an input may have been given up as far as it was merged.
	input int
	chain []blockUse // the blocks that the segment's pages lie in, in order
	whole bool       // the links lead from the first page to the last
}

// blockUse is a run of pages of one segment within one block.
type blockUse struct {
	seg      *checkedSegment
	from, to base.PageNo
}

// freeList takes over the state to be checked. The caller holds db.pub.
func (c *checker) freeList(disk *snapshot.Snapshot) {
	c.disk = disk
	c.geo = c.db.bf.Geometry()
	c.blocks = c.db.free.Blocks()
	c.free, c.delta, c.reserved = c.db.free.Entries(), c.db.free.Delta(), c.db.free.ReservedBlocks()
	c.uses = make(map[base.BlockNo][]blockUse)
	c.bad = make(map[base.PageNo]struct{})
	for i, l := range disk.Levels {
		for j, seg := range l.Segments() {
			s := &checkedSegment{Segment: *seg, index: len(c.segs), level: i, lv: l, input: -1}
			s.Space = seg.Space
			switch {
			case l.Merging == nil:
				s.name = fmt.Sprintf("level %d", i)
			case j == 0:
				s.name = fmt.Sprintf("level %d, merge output", i)
			default:
				s.input = j - 1
				s.name = fmt.Sprintf("level %d, merge input %d", i, j-1)
			}
			c.segs = append(c.segs, s)
		}
	}
}

// all checks the levels.
func (c *checker) all() {
	c.levels()
	for _, s := range c.segs {
		c.chainOf(s)
	}
	c.accounts()
	for _, s := range c.segs {
		if c.stopped() {
			return
		}
		c.layout(s)
		c.segment(s)
	}
	c.links()
	c.records()
}

// stopped reports whether there is no point in going on.
func (c *checker) stopped() bool { return c.done || c.ctx.Err() != nil }

// report yields a problem of a segment, or of the file if s is nil, at a page if p is
// not 0.
func (c *checker) report(s *checkedSegment, p base.PageNo, detail string, args ...any) {
	problem := Problem{File: c.db.path, Page: int64(p), Offset: -1, Detail: fmt.Sprintf(detail, args...)}
	if p > 0 && c.disk != nil {
		problem.Offset = c.geo.Offset(p)
	}
	if s != nil {
		problem.Segment = s.name
	}
	c.emit(problem)
}

// fail reports that a page cannot be read or understood, once for each page.
func (c *checker) fail(s *checkedSegment, p base.PageNo, err error) {
	var ce *CorruptionError
	detail := err.Error()
	if errors.As(err, &ce) {
		if ce.Page != 0 {
			p = base.PageNo(ce.Page)
		}
		detail = ce.Detail
	}
	if p != 0 {
		if _, known := c.bad[p]; known {
			return
		}
		c.bad[p] = struct{}{}
	}
	c.report(s, p, "%s", detail)
}

func (c *checker) emit(p Problem) {
	if !c.stopped() && !c.yield(p) {
		c.done = true
	}
}

// levels checks what the snapshot says about its levels, apart from any page.
func (c *checker) levels() {
	for i, l := range c.disk.Levels {
		if i > 0 && l.Age < c.disk.Levels[i-1].Age {
			c.report(nil, 0, "level %d has age %d, the newer level %d has age %d: ages never decrease towards older levels",
				i, l.Age, i-1, c.disk.Levels[i-1].Age)
		}
	}
	to := make(map[base.BlockNo]bool)
	from := make(map[base.BlockNo]bool)
	for _, r := range c.disk.Redirects {
		from[r.From] = true
	}
	for _, r := range c.disk.Redirects {
		if to[r.To] || from[r.To] {
			c.report(nil, 0, "block %d is redirected to block %d, which is the target or the source of another redirect", r.From, r.To)
		}
		to[r.To] = true
	}
}

// records checks that the free-list entries stored in the segments, with those that are
// not stored yet, make up the free list.
func (c *checker) records() {
	if c.stopped() {
		return
	}
	recorded, err := recordedFree(c.disk)
	if err != nil {
		c.fail(nil, 0, err)
		return
	}
	list, err := freelist.New(c.blocks, recorded, c.delta)
	if err != nil {
		c.fail(nil, 0, err)
		return
	}
	if got := list.Entries(); !slices.Equal(got, c.free) {
		c.report(nil, 0, "the free list has %d blocks, but its records and changes make up %d: %v and %v", len(c.free), len(got), clipEntries(c.free), clipEntries(got))
	}
}

func clipEntries(e []format.FreeEntry) []format.FreeEntry { return e[:min(len(e), 20)] }

// trees checks the trees in memory.
func (c *checker) trees(st *snapshot.State) {
	if c.stopped() {
		return
	}
	if err := st.Live.Check(); err != nil {
		c.report(nil, 0, "live tree: %v", err)
	}
	if !st.HasOld {
		return
	}
	if err := st.Old.Check(); err != nil {
		c.report(nil, 0, "old tree: %v", err)
	}
}

// fresh returns the page with the given number as it is in the file.
func (c *checker) fresh(s *checkedSegment, p base.PageNo) (format.Page, error) {
	raw, err := s.Space.RawPage(p)
	if err != nil {
		return nil, err
	}
	return s.Space.Verify(p, raw)
}

// reader returns a reader of the segment's pages from front to back.
func (c *checker) reader(s *checkedSegment) *blockfile.Sequential {
	return blockfile.NewFresh(s.Space, s.Last)
}
