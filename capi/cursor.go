// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
)

// cursor is the Go side of a lsm_cursor: it fills the blocks from which C answers.
type cursor struct {
	h *handle
	c *C.lsm_cursor
	// e shows the state with the number at of the handle's. It is nil until the first move.
	e  *engine.Cursor
	at C.uint64_t
	o  engine.FillOptions // which rows the cursor shows
	// waits says that e stands on a row that no block has had yet: one that was too long, or whose value could not be
	// read.
	waits bool
	err   error // of the last move, as long as C says that it has failed
}

// firstRoom is the memory for the bytes of a block of one row.
const firstRoom = 512

//export lsmliteGoCursorOpen
func lsmliteGoCursorOpen(p unsafe.Pointer, c *C.lsm_cursor) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if err := h.ready(); err != nil {
		return h.done(err)
	}
	if h.tx == nil && h.snap == nil {
		snap, err := h.core.db.Snapshot(context.Background())
		if err != nil {
			return h.done(err)
		}
		h.snap, h.seen = snap, h.core.userVersion.Load()
	}
	h.cursors++
	cur := newCursor()
	cur.h, cur.c = h, c
	c.pGo = unsafe.Pointer(cur)
	return C.LSM_OK
}

//export lsmliteGoCursorClose
func lsmliteGoCursorClose(p unsafe.Pointer) {
	c := (*cursor)(p)
	var rc C.int
	defer dropCursor(c)
	defer c.h.ended(&rc)
	if c.e != nil {
		_ = c.e.Close()
	}
	if c.h.cursors--; c.h.cursors == 0 && c.h.snap != nil {
		_ = c.h.snap.Close()
		c.h.snap = nil
	}
}

// engine makes e show what the handle shows now.
func (c *cursor) engine() (err error) {
	if c.e != nil && c.at == c.h.c.nChange {
		return nil
	}
	var e *engine.Cursor
	if c.h.tx != nil {
		e, err = c.h.tx.Cursor()
	} else {
		e, err = c.h.snap.Cursor()
	}
	if err != nil {
		return err
	}
	if c.e != nil {
		_ = c.e.Close()
	}
	c.e, c.at = e, c.h.c.nChange
	return nil
}

// moved keeps the error of a move, which leaves the cursor without a row.
func (c *cursor) moved(err error) C.int {
	c.err, c.c.bFailed = err, 0
	if err != nil {
		c.empty()
		c.c.bFailed = 1
	}
	return c.h.done(err)
}

// ended is handle.ended for moves.
func (c *cursor) ended(rc *C.int) {
	if p := recover(); p != nil {
		*rc = c.moved(panicked(p))
	}
}

// lsmliteGoCursorError returns the error of the last move once more.
//
//export lsmliteGoCursorError
func lsmliteGoCursorError(p unsafe.Pointer) (rc C.int) {
	c := (*cursor)(p)
	defer c.h.ended(&rc)
	return c.h.done(c.err)
}

// empty makes the block one without rows.
func (c *cursor) empty() {
	b := c.c
	b.iRow, b.nRow, b.bLast, b.bTaken, b.bLong, b.bBare = 0, 0, 1, 0, 0, 0
	b.nChange = c.h.c.nChange
	c.waits = false
}

// room makes room for a block.
func (c *cursor) room(rows, size int) error {
	if int(c.c.nRoom) >= rows && int(c.c.nByteRoom) >= size {
		return nil
	}
	if C.lsmliteRoom(c.c, C.uint32_t(rows), C.size_t(size)) != C.LSM_OK {
		return ownCode(C.LSM_NOMEM)
	}
	return nil
}

// fill makes a block of up to so many rows: of the one that e stands on and those after it, or only of the latter.
func (c *cursor) fill(current bool, rows int) error {
	c.empty()
	size := firstRoom
	if rows > 1 {
		size = C.MAX_BLOCK_BYTES
	}
	if err := c.room(rows, size); err != nil {
		return err
	}
	o := c.o
	o.Current = current
	n, long, err := c.into(rows, o)
	if n == 0 && long {
		size := len(c.e.Key())
		if !o.Keys {
			size += c.e.ValueLen()
		}
		if size > C.MAX_BLOCK_BYTES {
			return c.fillLong()
		}
		if err := c.room(rows, min(2*size, C.MAX_BLOCK_BYTES)); err != nil {
			return err
		}
		o.Current = true
		n, long, err = c.into(rows, o)
	}
	if err != nil && n == 0 {
		return err
	}
	// An error after some rows comes again with the move after them. If it is one of reading a value, e stands on that
	// row, which must not be passed over.
	c.c.nRow = C.uint32_t(n)
	c.waits = long || err != nil && c.e.Err() == nil
	if long || n == rows || err != nil {
		c.c.bLast = 0
	}
	return nil
}

// into has the engine fill the block's memory.
func (c *cursor) into(rows int, o engine.FillOptions) (n int, long bool, err error) {
	ends := unsafe.Slice((*uint32)(unsafe.Pointer(c.c.aOff)), 2*rows+1)
	ends[0] = 0
	return c.e.Fill(unsafe.Slice((*byte)(unsafe.Pointer(c.c.aByte)), int(c.c.nByteRoom)), ends[1:], o)
}

// fillLong makes a block of the one row that e stands on, without its value.
func (c *cursor) fillLong() error {
	key := c.e.Key()
	if err := c.room(1, len(key)); err != nil {
		return err
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(c.c.aByte)), len(key)), key)
	ends := unsafe.Slice((*uint32)(unsafe.Pointer(c.c.aOff)), 3)
	ends[0], ends[1], ends[2] = 0, uint32(len(key)), uint32(len(key))
	c.c.nRow, c.c.bLong, c.c.bLast = 1, 1, 0
	return nil
}

// lsmliteGoCursorLong loads the row whose value is not in the block.
//
//export lsmliteGoCursorLong
func lsmliteGoCursorLong(p unsafe.Pointer) (rc C.int) {
	c := (*cursor)(p)
	defer c.h.ended(&rc)
	key, value := c.e.Key(), []byte(nil)
	if !c.o.Keys {
		var err error
		if value, err = c.e.Value(); err != nil {
			return c.h.done(err)
		}
	}
	n := len(key) + len(value)
	mem := C.lsm_malloc(c.h.c.pEnv, C.size_t(max(n, 1)))
	if mem == nil {
		return c.h.done(ownCode(C.LSM_NOMEM))
	}
	row := unsafe.Slice((*byte)(mem), n)
	copy(row[copy(row, key):], value)
	c.c.pLong = (*C.uchar)(mem)
	c.c.aLongOff = [3]C.uint32_t{0, C.uint32_t(len(key)), C.uint32_t(n)}
	return C.LSM_OK
}

// found makes the block after a move to a position: of one row, as most cursors are positioned for one.
func (c *cursor) found(ok bool, rows int) C.int {
	c.c.nStep = C.uint32_t(rows)
	if !ok {
		c.empty()
		return c.moved(c.e.Err())
	}
	return c.moved(c.fill(true, rows))
}

//export lsmliteGoCursorSeek
func lsmliteGoCursorSeek(p unsafe.Pointer, key unsafe.Pointer, n, mode C.int) (rc C.int) {
	c := (*cursor)(p)
	defer c.ended(&rc)
	if err := c.engine(); err != nil {
		return c.moved(err)
	}
	c.o = engine.FillOptions{Back: mode < 0, Keys: mode == C.LSM_SEEK_LEFAST}
	rc = c.found(c.e.Seek(bytes(key, n), engine.SeekMode(mode)), 1)
	if mode == C.LSM_SEEK_LEFAST {
		c.c.bBare = 1
	}
	if mode == C.LSM_SEEK_LEFAST || mode == C.LSM_SEEK_EQ {
		c.c.bLast = 1
	}
	return rc
}

//export lsmliteGoCursorEnd
func lsmliteGoCursorEnd(p unsafe.Pointer, last C.int) (rc C.int) {
	c := (*cursor)(p)
	defer c.ended(&rc)
	if err := c.engine(); err != nil {
		return c.moved(err)
	}
	c.o = engine.FillOptions{Back: last != 0}
	if last != 0 {
		return c.found(c.e.Last(), 1)
	}
	return c.found(c.e.First(), 1)
}

// scanRows is how many rows the first block of a scan may have.
const scanRows = 32

//export lsmliteGoCursorScan
func lsmliteGoCursorScan(p unsafe.Pointer, from unsafe.Pointer, nFrom C.int, to unsafe.Pointer, nTo C.int, flags C.int) (rc C.int) {
	c := (*cursor)(p)
	defer c.ended(&rc)
	if err := c.engine(); err != nil {
		return c.moved(err)
	}
	end := func(p unsafe.Pointer, n C.int) []byte {
		if p == nil {
			return nil
		}
		return append([]byte{}, bytes(p, n)...)
	}
	low, high := end(from, nFrom), end(to, nTo)
	after, before := flags&C.LSMLITE_SCAN_AFTER != 0, flags&C.LSMLITE_SCAN_BEFORE != 0
	c.o = engine.FillOptions{Keys: flags&C.LSMLITE_SCAN_KEYS != 0}
	if flags&C.LSMLITE_SCAN_REVERSE == 0 {
		c.o.Bound, c.o.Through = high, !before
		return c.found(c.start(low, after), scanRows)
	}
	c.o.Back, c.o.Bound, c.o.Through = true, low, !after
	return c.found(c.start(high, before), scanRows)
}

// start moves e to the first row of a range, whose end may be left out.
func (c *cursor) start(end []byte, without bool) bool {
	switch {
	case end == nil && c.o.Back:
		return c.e.Last()
	case end == nil:
		return c.e.First()
	}
	mode := engine.SeekGE
	if c.o.Back {
		mode = engine.SeekLE
	}
	if !c.e.Seek(end, mode) {
		return false
	}
	if without && string(c.e.Key()) == string(end) {
		return c.next()
	}
	return true
}

func (c *cursor) next() bool {
	if c.o.Back {
		return c.e.Prev()
	}
	return c.e.Next()
}

// lsmliteGoCursorMore makes the block after the current row, which is the last of its block, or of a state that
// the handle has changed since.
//
//export lsmliteGoCursorMore
func lsmliteGoCursorMore(p unsafe.Pointer) (rc C.int) {
	c := (*cursor)(p)
	defer c.ended(&rc)
	return c.moved(c.more())
}

func (c *cursor) more() error {
	b := c.c
	if b.nChange == c.h.c.nChange {
		b.nStep = min(max(2*b.nStep, 8), C.MAX_BLOCK_ROWS)
		return c.fill(c.waits, int(b.nStep))
	}
	off := unsafe.Slice((*uint32)(unsafe.Pointer(b.aOff)), 2*int(b.nRow)+1)[2*int(b.iRow):]
	key := append([]byte{}, unsafe.Slice((*byte)(unsafe.Pointer(b.aByte)), int(b.nByteRoom))[off[0]:off[1]]...)
	if err := c.engine(); err != nil {
		return err
	}
	mode := engine.SeekGE
	if c.o.Back {
		mode = engine.SeekLE
	}
	if !c.e.Seek(key, mode) {
		c.empty()
		return c.e.Err()
	}
	b.nStep = 1
	return c.fill(string(c.e.Key()) != string(key), 1)
}
