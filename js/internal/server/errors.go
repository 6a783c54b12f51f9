// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// kinds are the names that index.d.ts has for codes. A code without one has that of its low byte.
var kinds = map[engine.Code]string{
	engine.CodeBusy: "busy", engine.CodeNoMem: "nomem", engine.CodeReadOnly: "readonly", engine.CodeIO: "io",
	engine.CodeCorrupt: "corrupt", engine.CodeFull: "full", engine.CodeCantOpen: "cantopen", engine.CodeProtocol: "protocol",
	engine.CodeTooBig: "toobig", engine.CodeConstraint: "constraint", engine.CodeMisuse: "misuse",
	engine.CodeMismatch: "mismatch", engine.CodeSyntax: "syntax", engine.CodeBusySnapshot: "busysnapshot",
	engine.CodeMoved: "moved", engine.CodeKey: "key", engine.CodeTampered: "tampered", engine.CodeRolledBack: "rolledback",
}

// codeAborted is SQLite's code of a call that was stopped. The engine has none for it.
const codeAborted = 4

// writeError writes an error: code, kind, text.
func writeError(out *wire.Writer, err error) {
	var late *lateError
	if errors.As(err, &late) {
		err = late.busy
	}
	code, kind := describe(err)
	out.U32(uint32(code))
	out.Text(kind)
	out.Text(err.Error())
}

// describe returns the code and the kind of an error.
func describe(err error) (engine.Code, string) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return codeAborted, "aborted"
	}
	code := engine.Code(1)
	var e *engine.Error
	switch {
	case errors.As(err, &e):
		code = e.Code
	case errors.Is(err, engine.ErrCorrupt):
		code = engine.CodeCorrupt
	}
	if kind, known := kinds[code]; known {
		return code, kind
	}
	if kind, known := kinds[code&0xff]; known {
		return code, kind
	}
	return code, "internal"
}

func misuse(format string, args ...any) error {
	return &engine.Error{Code: engine.CodeMisuse, Op: "request", Detail: fmt.Sprintf(format, args...)}
}

func badMessage() error {
	return misuse("the message has a form that is not known; is index.js of another version?")
}
