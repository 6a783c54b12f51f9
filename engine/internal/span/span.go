// SPDX-License-Identifier: Apache-2.0

// Package span remembers stretches of keys in which nothing is visible, so that a cursor
// that has walked over a run of deleted records once does not have to do so again.
//
// A Span says of a state of the database that no key in it is visible. It stays right when that
// state's tree is written to, except for the keys that were inserted since. The tree finds those
// quickly (memtree.View.FirstInsert), so a write does not have to update anything here. Deleting,
// flushing and merging make nothing visible.
//
// Spans are knowledge, never data: any of them may be forgotten at any time.
package span

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

const (
	// MaxSpans is how many spans a list keeps. That of the oldest state goes first.
	MaxSpans = 64
	// MaxBytes is how many bytes of keys a list keeps. A span with more than a quarter of
	// that is not kept at all.
	MaxBytes = 256 << 10
	// FoldRecords is how many hidden records a span has at least for Fold to be worth it.
	FoldRecords = 64
)

// Span says that no key k, Low <= k < High, was visible in the state whose live tree had
// the given epoch.
type Span struct {
	Low, High []byte
	Epoch     memtree.Epoch
	Hidden    int  // records that lie in it, about
	folded    bool // the tree has a deleted range in its place
}

func (s *Span) holds(key []byte) bool {
	return bytes.Compare(s.Low, key) <= 0 && bytes.Compare(key, s.High) < 0
}

// Unfolded returns how many hidden records a reader still has to pass where the span is
// not known, about.
func (s *Span) Unfolded() int {
	if s.folded {
		return 0
	}
	return s.Hidden
}

func (s *Span) bytes() int { return len(s.Low) + len(s.High) }

// List keeps spans of the states of one tree: those that have it as their live tree. Any
// number of goroutines may use it. The zero List is empty.
type List struct {
	mu    sync.Mutex
	spans atomic.Pointer[[]Span] // of the newest state first; what is pointed to never changes
}

// Empty reports whether the list has no span.
func (l *List) Empty() bool { return l.spans.Load() == nil }

func (l *List) load() []Span {
	if p := l.spans.Load(); p != nil {
		return *p
	}
	return nil
}

// Len returns the number of spans.
func (l *List) Len() int { return len(l.load()) }

// Find returns a span that holds key and is known of a state whose live tree has the given
// epoch, or of the newest one before it.
func (l *List) Find(key []byte, epoch memtree.Epoch) (Span, bool) {
	spans := l.load()
	for i := range spans {
		if s := &spans[i]; s.Epoch <= epoch && s.holds(key) {
			return *s, true
		}
	}
	return Span{}, false
}

// Add remembers a span, whose keys it copies. Spans that it makes unnecessary are removed.
func (l *List) Add(s Span) {
	if bytes.Compare(s.Low, s.High) >= 0 || s.bytes() > MaxBytes/4 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.load()
	// 1. With what was found out about the same state it makes one larger span.
	for i := range old {
		o := &old[i]
		if o.Epoch == s.Epoch && bytes.Compare(o.Low, s.High) <= 0 && bytes.Compare(s.Low, o.High) <= 0 {
			s.Hidden = max(s.Hidden, o.Hidden)
			if bytes.Compare(o.Low, s.Low) < 0 {
				s.Low = o.Low
			}
			if bytes.Compare(o.High, s.High) > 0 {
				s.High = o.High
			}
		}
	}
	s.Low, s.High = bytes.Clone(s.Low), bytes.Clone(s.High)
	if s.Low == nil {
		s.Low = []byte{}
	}
	// 2. It replaces those that lie in it, and the oldest where there are too many.
	spans := make([]Span, 0, min(len(old)+1, MaxSpans))
	size := s.bytes()
	keep := func(o *Span) {
		if size += o.bytes(); len(spans) < MaxSpans && size <= MaxBytes {
			spans = append(spans, *o)
		}
	}
	i := 0
	for ; i < len(old) && old[i].Epoch > s.Epoch; i++ {
		keep(&old[i])
	}
	if len(spans) < MaxSpans {
		spans = append(spans, s)
	}
	for ; i < len(old); i++ {
		if o := &old[i]; bytes.Compare(s.Low, o.Low) > 0 || bytes.Compare(o.High, s.High) > 0 {
			keep(o)
		}
	}
	l.spans.Store(&spans)
}

// AddAll remembers the spans of another list of the same tree.
func (l *List) AddAll(o *List) {
	spans := o.load()
	for i := len(spans) - 1; i >= 0; i-- {
		l.Add(spans[i])
	}
}

// Fold puts deleted ranges into the tree in the place of spans with that many hidden records
// or more: what is visible stays the same, but the records in between go, and older ones are
// passed in one step by every reader, flush and merge from then on. Only the tree's writer
// may call it. If the tree is rolled back beyond this moment, the list has to forget.
func (l *List) Fold(t *memtree.Tree, records int) {
	if invariant.Expensive { // so that tests fold all the time
		records = min(records, 2)
	}
	spans := l.load()
	for i := range spans {
		if spans[i].Unfolded() >= records {
			l.fold(t, records)
			return
		}
	}
}

func (l *List) fold(t *memtree.Tree, records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	spans := slices.Clone(l.load())
	for i := range spans {
		s := &spans[i]
		if s.Unfolded() < records {
			continue
		}
		s.folded = true
		high := s.High
		if key, _ := t.FirstInsert(s.Low, high, s.Epoch); key != nil {
			high = key
		}
		t.DeleteRange(s.Low, high)
	}
	l.spans.Store(&spans)
}

// Forget drops all spans, because the tree was rolled back to before some of the states that they
// are of. No such state was ever shown.
func (l *List) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans.Store(nil)
}

// Next returns the list for the tree that follows after the one that v is the last View
// of. It knows what still is right at that moment.
func (l *List) Next(v memtree.View) *List {
	next := new(List)
	var spans []Span
	for _, s := range l.load() {
		if key, _ := v.FirstInsert(s.Low, s.High, s.Epoch); key != nil {
			s.High = bytes.Clone(key)
		}
		if s.Epoch = 0; bytes.Compare(s.Low, s.High) < 0 {
			spans = append(spans, s)
		}
	}
	if len(spans) > 0 {
		next.spans.Store(&spans)
	}
	return next
}
