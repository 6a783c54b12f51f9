// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// handle is the Go side of a lsm_db. One thread at a time uses it.
type handle struct {
	c    *C.lsm_db
	cfg  config
	fs   vfs.FS
	path string // canonical; empty until lsm_open

	core  *core       // nil until the file is open: a file that needs other hooks is opened by the call that finds them
	log   *logHandler // of core, if this handle has opened it and wants messages
	plain bool        // the program has said that nothing is compressed
	key   key         // of an encrypted file

	tx      *engine.Tx
	version *uint32          // the user version that tx sets, if it does
	snap    *engine.Snapshot // what the cursors show; nil while there are none, or a transaction
	seen    uint32           // the user version of snap
	cursors int
	stmts   int
	sql     *sqlConn // of statements; nil until the first

	err error // the last one
}

// ended is deferred by every function that C calls: a panic, which must not reach C, becomes an error.
func (h *handle) ended(rc *C.int) {
	if p := recover(); p != nil {
		*rc = h.done(panicked(p))
	}
}

// panicked is what a panic is for C.
func panicked(p any) error { return fmt.Errorf("lsmlite: internal error: %v", p) }

// done keeps an error and returns its number.
func (h *handle) done(err error) C.int {
	if err == nil {
		return C.LSM_OK
	}
	h.err = err
	return plainCode(codeOf(err))
}

//export lsmliteGoNew
func lsmliteGoNew(c *C.lsm_db) unsafe.Pointer {
	return keep(&handle{c: c, cfg: newConfig()}, handleObject)
}

// lsmliteGoOpen opens the file. One that needs other hooks, or that the program has to set, stays closed, which is
// no error: the next call that needs it tries again, as in lsm1.
//
//export lsmliteGoOpen
func lsmliteGoOpen(p unsafe.Pointer, name *C.char) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if h.path != "" {
		return h.done(misuse("open", "the handle has a file already"))
	}
	h.fs = vfs.OS
	if C.lsmliteIsDefaultFiles(h.c.pEnv) == 0 {
		h.fs = newEnvFS(h.c.pEnv)
	}
	path, err := h.fs.Canonical(C.GoString(name))
	if err != nil {
		return h.done(fmt.Errorf("lsmlite: open %s: %w", C.GoString(name), err))
	}
	h.path = path
	err = h.ready()
	var e *engine.Error
	if errors.As(err, &e) && e.Code == engine.CodeMismatch && e.Codec != 0 {
		h.err = err
		return C.LSM_OK
	}
	if err != nil {
		h.path = ""
	}
	return h.done(err)
}

// ready opens the file if it is not open.
func (h *handle) ready() error {
	if h.core != nil {
		return nil
	}
	if h.path == "" {
		return misuse("", "the handle has no file: call lsm_open first")
	}
	ctx := context.Background()
	core, err := h.use(ctx)
	var e *engine.Error
	if errors.As(err, &e) && e.Code == engine.CodeMismatch && e.Codec != 0 && h.factory(e.Codec) {
		core, err = h.use(ctx)
	}
	if err != nil {
		return err
	}
	h.core = core
	return nil
}

// letGo gives up the file until the next call needs it.
func (h *handle) letGo() error {
	c := h.core
	if c == nil {
		return nil
	}
	h.core = nil
	hooks := c.hooks
	err := h.closeSQL()
	err = errors.Join(err, c.release(h.c.pEnv))
	if hooks != nil {
		hooks.remove(h.hooked())
	}
	if h.log != nil {
		h.log.end()
		h.log = nil
	}
	if _, ok := h.fs.(*envFS); ok {
		h.fs = newEnvFS(h.c.pEnv) // the files of the old one may have moved to the environment of another handle
	}
	return err
}

// lsmliteGoRefuse keeps an error that C has found.
//
//export lsmliteGoRefuse
func lsmliteGoRefuse(p unsafe.Pointer, code C.int, op, detail *C.char) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	if code == C.LSM_MISUSE {
		return h.done(misuse(C.GoString(op), "%s", C.GoString(detail)))
	}
	return h.done(ownCode(code))
}

// lsmliteGoMayClose refuses to close a handle with a transaction, as lsm1 does.
//
//export lsmliteGoMayClose
func lsmliteGoMayClose(p unsafe.Pointer) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	switch {
	case h.level() > 0:
		return h.done(misuse("close", "end the transaction of the handle first"))
	case h.sql.writing():
		return h.done(misuse("close", "end the transaction of the handle's statements first"))
	}
	return C.LSM_OK
}

// level returns how many levels of transactions are open.
func (h *handle) level() int {
	if h.tx == nil {
		return 0
	}
	return h.tx.Level()
}

// lsmliteGoClose ends the handle, whatever it returns, which is never LSM_MISUSE: that is for handles that stay. The
// message, if C has a place for it, is what is left of the handle.
//
//export lsmliteGoClose
func lsmliteGoClose(p unsafe.Pointer, msg **C.char) (rc C.int) {
	h := (*handle)(p)
	defer drop(p, handleObject)
	defer func() {
		if rc == C.LSM_OK {
			return
		}
		if rc = C.int(codeOf(h.err)); rc&0xff == C.LSM_MISUSE {
			rc = C.LSM_ERROR
		}
		if msg != nil {
			*msg = text(h.c.pEnv, h.err.Error())
		}
	}()
	defer h.ended(&rc)
	defer h.key.forget()
	return h.done(h.letGo())
}

//export lsmliteGoErrorText
func lsmliteGoErrorText(p unsafe.Pointer) *C.char {
	h := (*handle)(p)
	if h.err == nil {
		return nil
	}
	return text(h.c.pEnv, h.err.Error())
}

//export lsmliteGoErrorCode
func lsmliteGoErrorCode(p unsafe.Pointer) C.int { return C.int(codeOf((*handle)(p).err)) }

// changed says that cursors show something else than before.
func (h *handle) changed() { h.c.nChange++ }

// told lets C see whether the file has been written.
func (h *handle) told() {
	if h.core != nil {
		h.c.nWorked = C.int64_t(h.core.worked.Load())
	}
}
