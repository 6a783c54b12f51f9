// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// around is how a cursor reads around what is damaged: it walks the visible records of a state as a Cursor does, and
// goes on after what cannot be read of a segment. It reports each range of keys for which it does not know what a
// segment has. There it shows what older segments have, which may be outdated or deleted. What newer ones have hides
// that as always. Outside these ranges it shows exactly what there is.
//
// It is simple rather than fast: the sources are compared at each step, and nothing is remembered of what was passed.
type around struct {
	sources []aroundSource // newest first
	met     func(*segment.Gap)

	cur    int // source of the current record, -1 if there is none
	back   bool
	placed bool // the sources stand where a move in that direction needs them
	bare   bool
	key    []byte // the current key
	sought []byte
	valBuf []byte
	err    error
}

// GetAround looks a user key up, newest source first, by a cursor that reads around what is damaged, and appends its
// value to dst. It fails if a source that may have the newest version cannot be read there.
func GetAround(dst, key []byte, st *snapshot.State, met func(*segment.Gap)) (value []byte, found bool, err error) {
	a := newAround(st.Live, st, met)
	defer a.release()
	if !a.seekEQ(key) {
		return dst, false, a.err
	}
	value, err = a.value()
	if err != nil {
		return dst, false, err
	}
	return append(dst, value...), true, nil
}

// InitAround makes c a cursor that reads around what is damaged in the levels of a state. met is called, by each move,
// with the ranges that it does not know; it may be called several times with one, and keeps it.
func (c *Cursor) InitAround(live memtree.View, st *snapshot.State, met func(*segment.Gap)) {
	c.begin()
	c.around = newAround(live, st, met)
}

func newAround(live memtree.View, st *snapshot.State, met func(*segment.Gap)) *around {
	a := &around{met: met, cur: -1}
	if !live.Empty() {
		a.addTree(live)
	}
	if st.HasOld && !st.Old.Empty() {
		a.addTree(st.Old)
	}
	for _, l := range st.Disk.Levels {
		switch {
		case l.FreelistOnly:
		case l.Merging == nil || l.Merging.NoSplit:
			a.addSegment(l.Seg, nil)
		default:
			m := l.Merging
			limits := func(below bool) *limits {
				return &limits{of: m, below: below, split: m.Split, topic: m.SplitKind & base.System}
			}
			a.addSegment(l.Seg, limits(true))
			for _, seg := range m.RHS {
				a.addSegment(seg, limits(false))
			}
		}
	}
	return a
}

func (a *around) addTree(v memtree.View) {
	s := aroundSource{met: a.met}
	s.InitTree(v)
	a.sources = append(a.sources, s)
}

func (a *around) addSegment(seg *segment.Segment, l *limits) {
	s := aroundSource{met: a.met, seg: new(segment.Around)}
	s.seg.Init(seg)
	s.limits = l
	s.findGap()
	a.sources = append(a.sources, s)
}

// release gives back what is held.
func (a *around) release() {
	for i := range a.sources {
		if s := &a.sources[i]; s.seg != nil {
			s.seg.Release()
		}
	}
	a.sources, a.cur = nil, -1
}

func (a *around) valid() bool { return a.cur >= 0 }

func (a *around) fail(err error) bool {
	a.err, a.cur = err, -1
	return false
}

// begin starts a move that positions all sources.
func (a *around) begin(back bool) {
	a.cur, a.back, a.placed, a.bare, a.err = -1, back, true, false, nil
}

func (a *around) first() bool {
	a.begin(false)
	for i := range a.sources {
		a.sources[i].first()
	}
	return a.find()
}

func (a *around) last() bool {
	a.begin(true)
	for i := range a.sources {
		a.sources[i].last()
	}
	return a.find()
}

// seek is Cursor.Seek.
func (a *around) seek(key []byte, mode Mode) bool {
	a.sought = append(a.sought[:0], key...)
	key = a.sought
	switch mode {
	case GE:
		return a.seekAll(key, false)
	case EQ:
		return a.seekEQ(key)
	}
	ok := a.seekAll(key, true)
	a.bare = ok && mode == LEFast && !bytes.Equal(a.key, key)
	return ok
}

// seekAll positions all sources at a key and finds the nearest visible record.
func (a *around) seekAll(key []byte, back bool) bool {
	a.begin(back)
	for i := range a.sources {
		if back {
			a.sources[i].seekLE(key)
		} else {
			a.sources[i].seekGE(key)
		}
	}
	return a.find()
}

// seekEQ looks the key up in the sources, newest first, until one decides its fate. If one that is newer may know
// something else that cannot be read, it fails.
func (a *around) seekEQ(key []byte) bool {
	a.begin(false)
	a.placed = false
	for i := range a.sources {
		s := &a.sources[i]
		s.seekGE(key)
		switch {
		case s.doubtful():
			return a.fail(s.gap.Err)
		case s.stands(key):
			if err := s.lost(); err != nil {
				s.metLost()
				return a.fail(err)
			}
			if s.kind&base.Insert != 0 {
				a.cur, a.key = i, append(a.key[:0], key...)
				return true
			}
			if s.kind&base.PointDelete != 0 {
				return false
			}
		case s.unknown(key):
			return a.fail(s.gap.Err)
		case s.CoversAhead(0, key):
			return false
		}
	}
	return false
}

// move is Next, or Prev with back.
func (a *around) move(back bool) bool {
	if a.cur < 0 {
		return false
	}
	if !a.placed || a.back != back {
		a.sought = append(a.sought[:0], a.key...)
		if !a.seekAll(a.sought, back) {
			return false
		}
		if !bytes.Equal(a.key, a.sought) {
			return true
		}
	}
	a.bare = false
	a.leave()
	return a.find()
}

// leave moves the sources that stand on the current key.
func (a *around) leave() {
	for i := range a.sources {
		if s := &a.sources[i]; s.stands(a.key) {
			s.step(a.back)
		}
	}
}

// find finds the first visible record from where the sources stand.
func (a *around) find() bool {
	for {
		nearest := -1
		for i := range a.sources {
			s := &a.sources[i]
			if !s.valid {
				continue
			}
			if nearest < 0 {
				nearest = i
			} else if d := bytes.Compare(s.key, a.sources[nearest].key); d != 0 && d < 0 != a.back {
				nearest = i
			}
		}
		if nearest < 0 {
			a.cur = -1
			return false
		}
		a.key = append(a.key[:0], a.sources[nearest].key...)
		if a.cur = a.owner(a.key); a.cur >= 0 {
			return true
		}
		a.leave()
	}
}

// owner returns the source whose value of a key is visible, or -1.
func (a *around) owner(key []byte) int {
	for i := range a.sources {
		s := &a.sources[i]
		switch {
		case s.stands(key):
			switch {
			case s.lost() != nil:
				s.metLost()
			case s.kind&base.Insert != 0:
				return i
			case s.kind&base.PointDelete != 0:
				return -1
			}
		case s.unknown(key):
		case a.back && s.coversBehind(0, key), !a.back && s.CoversAhead(0, key):
			return -1
		}
	}
	return -1
}

// value returns the current value.
func (a *around) value() ([]byte, error) {
	if v, ok := a.sources[a.cur].inline(); ok {
		return v, nil
	}
	if cap(a.valBuf) > keptBuffer {
		a.valBuf = nil
	}
	v, err := a.sources[a.cur].seg.Iter().AppendValue(a.valBuf[:0])
	if err == nil {
		a.valBuf = v
	}
	return v, err
}

func (a *around) valueLen() int {
	s := &a.sources[a.cur]
	if s.seg == nil {
		return s.valueLen()
	}
	return s.seg.Iter().ValueLen()
}

func (a *around) appendPart(dst []byte, from, n int) ([]byte, error) {
	s := &a.sources[a.cur]
	if s.seg == nil {
		return s.appendPart(dst, from, n)
	}
	return s.seg.Iter().AppendPart(dst, from, n)
}

// body is Cursor.Body.
func (a *around) body() (body segment.Body, inline []byte, ok bool) {
	s := &a.sources[a.cur]
	if v, ok := s.inline(); ok {
		return body, v, false
	}
	return s.seg.Iter().Body(), nil, true
}

// passed is Cursor.Passed.
func (a *around) passed(b *segment.Body) { a.sources[a.cur].seg.Iter().Passed(b) }
