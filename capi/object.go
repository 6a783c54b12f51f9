// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// objects are the Go objects that C structures refer to: pinned, and kept from being collected.
var objects = struct {
	sync.Mutex
	pins map[unsafe.Pointer]*runtime.Pinner
	open [3]int // handles, cursors, statements
	// spare are cursors that were closed and stay pinned: pinning takes longer than a seek.
	spare []*cursor
}{pins: map[unsafe.Pointer]*runtime.Pinner{}}

// maxSpare bounds how many closed cursors are kept to be used again.
const maxSpare = 64

// The kinds of objects.
const (
	handleObject = iota
	cursorObject
	stmtObject
)

// keep makes an object one that C may refer to.
func keep[T any](p *T, kind int) unsafe.Pointer {
	pin := new(runtime.Pinner)
	pin.Pin(p)
	objects.Lock()
	defer objects.Unlock()
	objects.pins[unsafe.Pointer(p)] = pin
	objects.open[kind]++
	return unsafe.Pointer(p)
}

// drop ends that.
func drop(p unsafe.Pointer, kind int) {
	objects.Lock()
	defer objects.Unlock()
	if pin := objects.pins[p]; pin != nil {
		pin.Unpin()
		delete(objects.pins, p)
		objects.open[kind]--
	}
}

// newCursor returns a cursor that C may refer to.
func newCursor() *cursor {
	objects.Lock()
	if n := len(objects.spare); n > 0 {
		c := objects.spare[n-1]
		objects.spare = objects.spare[:n-1]
		objects.open[cursorObject]++
		objects.Unlock()
		return c
	}
	objects.Unlock()
	c := new(cursor)
	keep(c, cursorObject)
	return c
}

// dropCursor ends that.
func dropCursor(c *cursor) {
	*c = cursor{}
	objects.Lock()
	if len(objects.spare) < maxSpare {
		objects.spare = append(objects.spare, c)
		objects.open[cursorObject]--
		objects.Unlock()
		return
	}
	objects.Unlock()
	drop(unsafe.Pointer(c), cursorObject)
}

//export lsmliteGoOpenCount
func lsmliteGoOpenCount(db, csr, stmt *C.int) {
	objects.Lock()
	defer objects.Unlock()
	for i, p := range []*C.int{db, csr, stmt} {
		if p != nil {
			*p = C.int(objects.open[i])
		}
	}
}

// bytes returns memory of C as a slice, for the time of a call.
func bytes(p unsafe.Pointer, n C.int) []byte {
	if n <= 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(p), int(n))
}

// text makes a text that the program frees with lsm_free; nil if there is no memory.
func text(env *C.lsm_env, s string) *C.char {
	p := (*C.char)(C.lsm_malloc(env, C.size_t(len(s)+1)))
	if p != nil {
		b := unsafe.Slice((*byte)(unsafe.Pointer(p)), len(s)+1)
		copy(b, s)
		b[len(s)] = 0
	}
	return p
}
