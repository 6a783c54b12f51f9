// SPDX-License-Identifier: Apache-2.0

package main

/*
#include <stdlib.h>
#include "abi.h"
*/
import "C"

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"unsafe"
)

// logHandler hands the warnings and errors of a file to a program's function, until the handle ends whose function
// it is: others may have the file open for longer.
type logHandler struct {
	mu  sync.RWMutex
	log C.lsmliteLog // nil: the handle has ended
	ctx unsafe.Pointer
}

// end waits for calls of the function, and makes no more of them.
func (l *logHandler) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log, l.ctx = nil, nil
}

// Enabled implements slog.Handler.
func (l *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// WithAttrs implements slog.Handler; the engine does not call it.
func (l *logHandler) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler; the engine does not call it.
func (l *logHandler) WithGroup(string) slog.Handler { return l }

// Handle implements slog.Handler.
func (l *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	rc := 0
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.Key + "=" + a.Value.String())
		if err, ok := a.Value.Any().(error); ok {
			rc = codeOf(err)
		}
		return true
	})
	if rc == 0 && r.Level >= slog.LevelError {
		rc = codeOf(errors.New(r.Message))
	}
	msg := C.CString(b.String())
	defer C.free(unsafe.Pointer(msg))
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.log != nil {
		C.lsmliteCallLog(l.log, l.ctx, plainCode(rc), msg)
	}
	return nil
}
