// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
)

// hooks compress pages by functions of the program. The engine calls a codec from any of its goroutines; the
// program's functions are called by one at a time. Each handle of a file has a set of its own, with one id; those of
// any open handle will do, so one that closes takes only its own away.
type hooks struct {
	id    uint32
	mu    sync.Mutex
	sets  []*C.lsm_compress
	bound map[int]int
}

// encryptedID is the id of encrypted files, which no hooks can read.
const encryptedID = 11100

func (h *hooks) add(c *C.lsm_compress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sets = append(h.sets, c)
}

func (h *hooks) remove(c *C.lsm_compress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.sets, c); i >= 0 {
		h.sets = slices.Delete(h.sets, i, i+1)
	}
}

// call calls a function of a set.
func (h *hooks) call(f func(*C.lsm_compress) C.int) C.int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sets) == 0 {
		return C.LSM_MISMATCH
	}
	return f(h.sets[0])
}

// ID implements engine.Codec.
func (h *hooks) ID() uint32 { return h.id }

// Name implements engine.Codec. Hooks with the id of a codec of lsmlite's take its place, and its name.
func (h *hooks) Name() string {
	if c, ok := compress.ByID(h.id, nil); ok {
		return c.Name()
	}
	return fmt.Sprintf("hooks-%d", h.id)
}

// Bound implements engine.Codec.
func (h *hooks) Bound(n int) int {
	return int(h.call(func(c *C.lsm_compress) C.int {
		b, ok := h.bound[n]
		if !ok {
			b = max(int(C.lsmliteCallBound(c, C.int(n))), n, 1)
			h.bound[n] = b
		}
		return C.int(b)
	}))
}

// Compress implements engine.Codec.
func (h *hooks) Compress(dst, src []byte) ([]byte, error) {
	room := h.Bound(len(src))
	at := len(dst)
	if cap(dst)-at < room {
		dst = append(make([]byte, 0, at+room), dst...)
	}
	dst = dst[:at+room]
	n := C.int(room)
	rc := h.call(func(c *C.lsm_compress) C.int {
		return C.lsmliteCallCompress(c, chars(dst[at:]), &n, chars(src), C.int(len(src)))
	})
	if rc != C.LSM_OK {
		return dst[:at], ownCode(rc)
	}
	if n < 0 || int(n) > room {
		return dst[:at], fmt.Errorf("lsmlite: the hook has made %d bytes in place of at most %d", int(n), room)
	}
	return dst[:at+int(n)], nil
}

// Decompress implements engine.Codec.
func (h *hooks) Decompress(dst, src []byte) error {
	n := C.int(len(dst))
	rc := h.call(func(c *C.lsm_compress) C.int {
		return C.lsmliteCallUncompress(c, chars(dst), &n, chars(src), C.int(len(src)))
	})
	switch {
	case rc != C.LSM_OK:
		return ownCode(rc)
	case int(n) != len(dst):
		return fmt.Errorf("lsmlite: the hook has made %d bytes in place of %d", int(n), len(dst))
	}
	return nil
}

func chars(b []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(b))) }

// hooked returns the set of a handle, nil if it has none.
func (h *handle) hooked() *C.lsm_compress {
	if h.c.compress.xBound == nil {
		return nil
	}
	return &h.c.compress
}

// hookID returns the id of the handle's compression.
func (h *handle) hookID() uint32 { return uint32(h.c.compress.iId) }

// lsmliteGoMayHook releases the file, so that other hooks can take the place of those that it is open with.
//
//export lsmliteGoMayHook
func lsmliteGoMayHook(p unsafe.Pointer, id C.uint) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	switch {
	case h.tx != nil || h.cursors > 0 || h.stmts > 0 || h.sql.writing():
		return h.done(misuse("config", "hooks are set before cursors, transactions and statements are opened"))
	case id == C.LSM_COMPRESSION_EMPTY || id == encryptedID:
		return h.done(misuse("config", "hooks cannot have the id %d", uint32(id)))
	case id == C.LSM_COMPRESSION_NONE:
		h.plain = true
	default:
		h.plain = false
	}
	return h.done(h.letGo())
}

// factory has the program set the hooks that a file wants, and reports whether it did.
func (h *handle) factory(id uint32) bool {
	if h.c.factory.xFactory == nil || id == h.hookID() {
		return false
	}
	return C.lsmliteCallFactory(h.c, C.uint(id)) == C.LSM_OK && h.hookID() == id
}

var _ engine.Codec = (*hooks)(nil)
