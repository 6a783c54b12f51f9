// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// run reads the records of a sheet in order, as far as they can be trusted:
//
//   - A page counts if it is sound in itself and fits the segment; see sheet.trusted.
//   - Its keys must come after those of the page before. Where they do not, the fewer records are dropped.
//   - A record that goes on over the following pages counts if they are all there, and the first record after
//     it stands exactly where it ends.
//
// Where anything may be missing between two records, missing is set on the second one.
type run struct {
	sheet *sheet
	found *Source
	// low is where the run begins to count, if it is an input of a half-done merge.
	low     *topKey
	start   format.MergeInput // the first cell that counts
	spine   *spine            // nil where pages have sums
	w       walker
	queue   []*leaf // the current page and those after it, up to lookahead
	free    []*leaf
	ended   bool
	cell    int
	rest    int64 // of the newest record, on the leaf pages after it; -1 if not known
	lost    bool  // since the newest page in the queue
	missing bool
	rec     record
	before  []byte // the key before
	kind    base.Kind
	any     bool
	scratch []byte
}

// lookahead is how many leaf pages with records a run holds: what their keys are shows which is wrong.
const lookahead = 3

// leaf is a leaf page on which records start.
type leaf struct {
	buf  []byte
	page format.Page
	no   base.PageNo
	// after is where the walker was after the page.
	after walker
	lost  bool // something may be missing before it
	from  int  // cells before are dropped
	until int  // and those from here on
	cut   bool // cells were dropped at its end
}

// record is a record of a source. It is valid until the source moves.
type record struct {
	kind   base.Kind
	key    []byte
	valLen int
	// value is set unless the value is to be read piece by piece.
	value []byte
	whole bool
	// doubtful says that a page of zeros is part of it: one without a sum, or whose sum fits by chance.
	doubtful bool
}

func newRun(s *sheet, found *Source) *run {
	r := &run{sheet: s, found: found, w: walker{s: s}, rest: -1}
	if len(s.pieces) > 0 && found != nil && !found.partly {
		r.rest = 0 // a whole segment begins with a record
	}
	return r
}

// startAt makes a run begin at a cell, if its page is one of the sheet's.
func (r *run) startAt(at format.MergeInput) {
	for i := range r.sheet.pieces {
		if p := &r.sheet.pieces[i]; at.Page >= p.first && at.Page <= p.last {
			r.w.i, r.w.at, r.rest, r.start = i, at.Page, -1, at
			return
		}
	}
}

// next moves to the next record and reports false at the end; then missing says whether something may be
// missing there.
func (r *run) next() bool {
	r.missing = false
	for {
		if len(r.queue) == 0 && !r.refill() {
			r.missing = r.missing || r.lost
			return false
		}
		l := r.queue[0]
		if r.cell >= l.until {
			r.missing = r.missing || l.cut
			r.free = append(r.free, l)
			r.queue = r.queue[1:]
			if !r.refill() {
				r.missing = r.missing || r.lost
				return false
			}
			continue
		}
		i := r.cell
		r.cell++
		if !r.load(l, i) {
			r.missing = true
			continue
		}
		if r.rec.kind&base.System != 0 {
			return false // users' records are done
		}
		if r.low != nil && base.CompareTopic(r.rec.kind, r.rec.key, r.low.kind, r.low.key) < 0 {
			r.missing = false
			continue
		}
		return true
	}
}

// refill reads pages until the queue is full, and prepares the one in front. It reports false if there is none.
func (r *run) refill() bool {
	for !r.ended && len(r.queue) < lookahead {
		r.readLeaf()
	}
	if len(r.queue) == 0 {
		return false
	}
	r.arbitrate()
	l := r.queue[0]
	r.cell = l.from
	r.missing = r.missing || l.lost
	return true
}

// readLeaf reads up to the next leaf page on which records start, and puts it into the queue.
func (r *run) readLeaf() {
	l := r.leaf()
	for {
		at, ok := r.w.next(l.buf)
		if !ok {
			r.ended = true
			if r.rest > 0 {
				r.lost = true
			}
			r.free = append(r.free, l)
			return
		}
		r.count(at)
		if at.apart {
			r.lost, r.rest = true, -1
		}
		switch {
		case at.page == nil:
			r.lost, r.rest = true, -1
			continue
		case at.page.IsBTree():
			continue
		case at.page.NumCells() == 0:
			eof := int64(at.page.EOF())
			if r.rest > 0 && r.rest < eof && r.sheet.id.summed() && format.AllZero(l.buf) {
				r.lost, r.rest = true, -1 // written over, with a seal that fits by chance: records have begun on it
			} else if r.rest == 0 || r.rest < 0 && (at.no == r.start.Page || format.AllZero(l.buf)) {
				r.lost, r.rest = true, -1 // no record needs it: it has lost its own
			} else if r.rest > 0 {
				r.rest = max(0, r.rest-eof)
			}
			continue
		}
		if r.spine != nil && !r.spine.agrees(at.no, at.page) {
			r.lost, r.rest = true, -1
			if r.found != nil {
				r.found.PagesLost++
			}
			continue
		}
		if r.rest >= 0 && int64(at.page.CellOffset(0)) != r.rest {
			r.lost = true
		}
		l.page, l.no, l.lost = at.page, at.no, r.lost
		l.after = r.w.fork()
		l.from, l.until, l.cut = 0, at.page.NumCells(), false
		if at.no == r.start.Page {
			l.from = max(0, min(r.start.Cell, l.until))
		}
		r.lost = false
		c := at.page.LeafCell(l.until - 1)
		r.rest = max(0, int64(c.Body)+int64(c.KeyLen)+int64(c.ValLen)-int64(at.page.EOF()))
		r.queue = append(r.queue, l)
		return
	}
}

func (r *run) count(at slot) {
	if r.found == nil {
		return
	}
	r.found.Pages++
	if at.page == nil {
		r.found.PagesLost++
	}
}

func (r *run) leaf() *leaf {
	if n := len(r.free); n > 0 {
		l := r.free[n-1]
		r.free = r.free[:n-1]
		return l
	}
	return &leaf{buf: make([]byte, r.sheet.in.geo.PageSize)}
}

// edge returns the first or the last key of a leaf page, as far as it is on the page.
func (l *leaf) edge(i int) topKey {
	return topKeyOf(l.page, l.page.LeafCell(i))
}

// arbitrate drops records of the page in front or of those after it, if their keys are not in order.
func (r *run) arbitrate() {
	for len(r.queue) > 1 {
		p, n := r.queue[0], r.queue[1]
		first, last := n.edge(n.from), p.edge(p.until-1)
		if last.before(first) {
			return
		}
		keep := p.until
		for keep > p.from && !p.edge(keep-1).before(first) {
			keep--
		}
		skip := n.from
		for skip < n.until && !last.before(n.edge(skip)) {
			skip++
		}
		dropFront := p.until-keep < skip-n.from
		if len(r.queue) > 2 {
			third := r.queue[2].edge(r.queue[2].from)
			withoutP, withoutN := n.edge(n.until-1).before(third), last.before(third)
			if withoutP != withoutN {
				dropFront = withoutP
			}
		}
		if dropFront {
			p.until, p.cut, n.lost = keep, true, true
			return // at worst nothing of p is left
		}
		n.from, n.lost = skip, true
		if n.from < n.until {
			return
		}
		r.free = append(r.free, n)
		r.queue = append(r.queue[:1], r.queue[2:]...)
		p.cut = true
		for !r.ended && len(r.queue) < lookahead {
			r.readLeaf()
		}
	}
}
