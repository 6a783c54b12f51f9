// SPDX-License-Identifier: Apache-2.0

package fence

import (
	"bytes"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Builder makes Fences from leaf pages in order. The zero Builder is ready for use.
type Builder struct {
	f Fences
	// equal counts the separators that the fences do not tell from the one before.
	equal int
	bad   bool // the separators were not in order
}

// Continue returns a Builder that goes on where another one has made fences.
func Continue(f *Fences) Builder {
	b := Builder{f: f.clone()}
	b.count()
	return b
}

func (f *Fences) clone() Fences {
	return Fences{prefix: slices.Clone(f.prefix), heads: slices.Clone(f.heads), low: slices.Clone(f.low), high: slices.Clone(f.high)}
}

// count counts the separators that are equal to the one before.
func (b *Builder) count() {
	b.equal = 0
	for i, h := range b.f.heads {
		if i > 0 && h == b.f.heads[i-1] {
			b.equal++
		}
	}
}

// First adds the first leaf page.
func (b *Builder) First(p base.PageNo) { b.addPage(p) }

// Add adds the leaf page after the newest one, and the key that separates the two. The
// keys ascend.
func (b *Builder) Add(key []byte, p base.PageNo) {
	b.addPage(p)
	f := &b.f
	if len(f.heads) == 0 {
		f.prefix = bytes.Clone(key[:min(len(key), maxPrefix)])
	}
	if n := shared(f.prefix, key); n < len(f.prefix) {
		b.shorten(n)
	}
	head := base.Head(key[len(f.prefix):])
	if n := len(f.heads); n > 0 {
		if head == f.heads[n-1] {
			b.equal++
		}
		b.bad = b.bad || head < f.heads[n-1]
	}
	f.heads = append(f.heads, head)
}

// shorten makes the prefix n bytes long: what it loses goes to the front of each head.
func (b *Builder) shorten(n int) {
	f := &b.f
	lost := f.prefix[n:]
	f.prefix = f.prefix[:n]
	front, shift := base.Head(lost), 8*min(len(lost), 8)
	for i, h := range f.heads {
		f.heads[i] = front | h>>shift
	}
	b.count()
}

func (b *Builder) addPage(p base.PageNo) {
	f := &b.f
	f.low = append(f.low, uint32(p))
	if high := uint32(p >> 32); f.high != nil || high != 0 {
		if f.high == nil {
			f.high = make([]uint32, len(f.low)-1, cap(f.low))
		}
		f.high = append(f.high, high)
	}
}

// SoFar returns what Fences would; more may be added afterwards.
func (b *Builder) SoFar() *Fences {
	c := Builder{f: b.f.clone(), equal: b.equal, bad: b.bad}
	return c.Fences()
}

// Fences returns what was added, and nil if that is of no use: if there is only one page, if
// most keys are too much alike, or if they did not ascend. Nothing may be added afterwards.
func (b *Builder) Fences() *Fences {
	f := b.f
	b.f = Fences{}
	if n := len(f.heads); n == 0 || b.bad || len(f.low) != n+1 || b.equal > n/2 {
		return nil
	}
	return &Fences{prefix: exact(f.prefix), heads: exact(f.heads), low: exact(f.low), high: exact(f.high)}
}

// exact returns s without much room to grow.
func exact[T any](s []T) []T {
	if cap(s)-len(s) <= len(s)/16 {
		return s
	}
	return slices.Clone(s)[:len(s):len(s)]
}

// shared returns how many bytes a and b have in common at their front.
func shared(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
