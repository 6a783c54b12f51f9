// SPDX-License-Identifier: Apache-2.0

package cursor

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// lane is a source in the line.
type lane struct {
	head  base.LongHead
	i     int
	plain bool // it stands on a plain record
	// apart says that its iterator has moved by steps over plain records, of which the source has not taken
	// over kind, key and head: see join. Of the first lane nobody keeps that up while front is set.
	apart bool
}

// lane returns the lane of source i, which is s.
func (s *Source) lane(i int) lane {
	return lane{head: base.LongHeadOf(s.key), i: i, plain: s.isSeg && s.seg.Plain()}
}

// first reports whether a walk comes to the key of a before that of b, or to the newer source of
// the two if the keys are the same.
func (c *Cursor) first(a, b *lane) bool {
	if a.head != b.head {
		return a.head.Less(b.head) != c.back
	}
	d := bytes.Compare(c.keyOf(a), c.keyOf(b))
	if d == 0 {
		return a.i < b.i
	}
	return d < 0 != c.back
}

// keyOf returns the key on which a lane stands.
func (c *Cursor) keyOf(l *lane) []byte {
	s := &c.sources[l.i]
	if l.apart {
		return s.seg.PlainKey()
	}
	return s.key
}
