// SPDX-License-Identifier: Apache-2.0

package rescue

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// Span is a part of the damaged file.
type Span struct {
	From, To int64
	Summed   bool // on a page with a page sum
}

// Spans returns the parts of the damaged file that the current row is read from, nil if it is the log.
func (r *Rescue) Spans() (list []Span) {
	s := r.merger.out
	n, ok := s.reader.(*run)
	if !ok || n.sheet.in != r.data {
		return nil
	}
	l := n.queue[0]
	c := l.page.LeafCell(n.cell - 1)
	span := func(p int64) Span {
		in := n.sheet.in
		if !in.packed() {
			off := (p - 1) * int64(in.geo.PageSize)
			return Span{off, off + int64(in.geo.PageSize), s.found.Summed}
		}
		w := walker{s: n.sheet, i: l.after.i}
		for i := range n.sheet.pieces {
			if at := n.sheet.pieces[i]; int64(at.first) <= p && p <= int64(at.last) {
				w.i = i
			}
		}
		_, end, _ := w.record(place{w.i, base.PageNo(p)}, make([]byte, in.geo.PageSize))
		if end.i == w.i {
			return Span{p, int64(end.at), s.found.Summed}
		}
		next := n.sheet.pieces[end.i].first
		list = append(list, Span{int64(next) - 4, int64(end.at), s.found.Summed})
		return Span{p, int64(n.sheet.pieces[w.i].last) + 5, s.found.Summed}
	}
	list = append(list, span(int64(l.no)))
	left := int64(c.Body) + int64(c.KeyLen) + int64(c.ValLen) - int64(l.page.EOF())
	w := l.after.fork()
	buf := make([]byte, n.sheet.in.geo.PageSize)
	for left > 0 {
		at, ok := w.next(buf)
		if !ok || at.page == nil {
			break
		}
		if at.page.IsBTree() {
			continue
		}
		list = append(list, span(int64(at.no)))
		left -= int64(at.page.EOF())
	}
	return list
}

// OfLog reports whether the current row is read from the log.
func (r *Rescue) OfLog() bool { return r.merger.out.found.First == 0 }
