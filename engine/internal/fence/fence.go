// SPDX-License-Identifier: Apache-2.0

// Package fence holds the fences of a segment: for each leaf page that its b-tree leads to,
// the page's number and the first eight bytes, after the prefix that all of them share, of
// the key that separates it from the leaf page before it. A search in them takes the place of
// the way down the b-tree, where those bytes tell the keys apart.
//
// Package segment makes fences and searches in them. Fences are immutable, and right for as
// long as the segment's pages are: what a search returns is what the b-tree would say, or
// that the b-tree has to be asked.
package fence

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// maxPrefix is how much of a shared prefix is kept. Keys that are equal in it and
// in the eight bytes after it look the same.
const maxPrefix = 1 << 10

// Fences are the fences of one segment.
type Fences struct {
	prefix []byte   // of all separators
	heads  []uint64 // of the separators after the prefix, ascending
	// low and high are the halves of the numbers of the leaf pages, one more than separators.
	// high is nil where it is 0 for all of them.
	low, high []uint32
}

// Leaf says where to search for a key. If Page is 0 the b-tree has to be asked. If Before is
// not 0, it is the page in place of Page for a key less than the first one on Page.
type Leaf struct {
	Page, Before base.PageNo
}

// Find returns the leaf page that can hold a user key.
func (f *Fences) Find(key []byte) Leaf {
	heads := f.heads
	if n := len(f.prefix); n > 0 {
		if len(key) < n || string(key[:n]) != string(f.prefix) {
			if bytes.Compare(key, f.prefix) < 0 {
				return Leaf{Page: f.Page(0)}
			}
			return Leaf{Page: f.Page(len(heads))}
		}
		key = key[n:]
	}
	want := base.Head(key)
	at, size := 0, len(heads)
	for size > 1 {
		half := size >> 1
		if heads[at+half-1] < want {
			at += half
		}
		size -= half
	}
	if size == 1 && heads[at] < want {
		at++
	}
	switch {
	case at == len(heads) || heads[at] != want:
		return Leaf{Page: f.Page(at)}
	case at+1 < len(heads) && heads[at+1] == want:
		return Leaf{}
	}
	return Leaf{Page: f.Page(at + 1), Before: f.Page(at)}
}

// Page returns leaf page i, of which there are Leaves.
func (f *Fences) Page(i int) base.PageNo {
	p := base.PageNo(f.low[i])
	if f.high != nil {
		p |= base.PageNo(f.high[i]) << 32
	}
	return p
}

// Leaves returns the number of leaf pages.
func (f *Fences) Leaves() int { return len(f.low) }

// Bytes returns the memory that the fences take.
func (f *Fences) Bytes() int64 {
	return int64(cap(f.prefix)) + 8*int64(cap(f.heads)) + 4*int64(cap(f.low)+cap(f.high))
}
