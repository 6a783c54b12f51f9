// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/fence"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
)

// MakeIndex has the writer make an index of what it writes, with a filter for about the given
// number of keys, or without one if that is 0. It is called before anything is added.
func (w *Writer) MakeIndex(keys int64) {
	w.index = new(Index)
	if keys > 0 {
		w.filter = filter.NewBuilder(keys)
	}
}

// ContinueIndex has a writer that Continue has made go on with the fences of what there was of the
// segment, if it has any. It is called before anything is added.
func (w *Writer) ContinueIndex(before *Index) {
	if before == nil {
		return
	}
	if f := before.Fences(); f != nil {
		w.index, w.fences = new(Index), fence.Continue(f)
	}
}

func (w *Writer) finishIndex() {
	if w.index == nil {
		return
	}
	fences := w.fences.Fences()
	if w.index.SetFences(fences); fences == nil {
		w.index.GiveUp(Fences)
	}
	if w.filter == nil {
		return
	}
	f := w.filter.Filter()
	if w.index.SetFilter(f); f == nil && w.filter.Useless() {
		w.index.GiveUp(Filter)
	}
}

// PartIndex returns an index of what Pause has returned: fences alone, if the writer makes any.
// Nothing more is to be made of it then.
func (w *Writer) PartIndex() *Index {
	x := new(Index)
	if w.index != nil {
		x.SetFences(w.fences.SoFar())
		x.GiveUp(Fences)
		x.GiveUp(Filter)
	}
	return x
}

// Index returns the index of the finished segment, an empty one unless MakeIndex was called.
func (w *Writer) Index() *Index {
	if w.index == nil {
		return new(Index)
	}
	return w.index
}
