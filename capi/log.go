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
	"unsafe"
)

// logHandler hands the warnings and errors of a file to a program's function.
type logHandler struct {
	log C.lsmliteLog
	ctx unsafe.Pointer
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
	C.lsmliteCallLog(l.log, l.ctx, plainCode(rc), msg)
	return nil
}
