// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// Get appends the value of key to dst, seeing the transaction's own writes.
func (tx *Tx) Get(dst, key []byte) (value []byte, found bool, err error) {
	if err := tx.usable("get"); err != nil {
		return dst, false, err
	}
	if v, r := tx.w.tree.Get(key); r != memtree.Unknown {
		return append(dst, v...), r == memtree.Found, nil
	}
	return cursor.GetBelow(dst, key, tx.state)
}

// ValueLen returns the length of the value of key, and whether there is one, seeing the
// transaction's own writes.
func (tx *Tx) ValueLen(key []byte) (n int, found bool, err error) {
	if err := tx.usable("get"); err != nil {
		return 0, false, err
	}
	if v, r := tx.w.tree.Get(key); r != memtree.Unknown {
		return len(v), r == memtree.Found, nil
	}
	return cursor.ValueLenBelow(key, tx.state)
}

// GetShort is ValueLen, and appends the value to dst if it has at most that many bytes.
func (tx *Tx) GetShort(dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := tx.usable("get"); err != nil {
		return dst, 0, false, err
	}
	if v, r := tx.w.tree.Get(key); r != memtree.Unknown {
		return cursor.AppendShort(dst, v, most), len(v), r == memtree.Found, nil
	}
	return cursor.GetShortBelow(dst, key, most, tx.state)
}

// View is what a cursor of a transaction shows.
type View struct {
	Live  memtree.View
	State *snapshot.State
	Spans *span.List // what cursors find out about the transaction's own states
}

// View returns the state of this moment, the transaction's own writes included.
func (tx *Tx) View() (View, error) {
	if err := tx.usable("cursor"); err != nil {
		return View{}, err
	}
	if tx.spans == nil {
		tx.spans = new(span.List)
	}
	return View{Live: tx.w.tree.Freeze(), State: tx.state, Spans: tx.spans}, nil
}
