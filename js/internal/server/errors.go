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

// stopped is why a request was not done to its end, or not at all.
type stopped struct {
	code       engine.Code
	kind, text string
}

func (e *stopped) Error() string { return "lsmlite: " + e.text }

var (
	errNotOpen   = &stopped{engine.CodeMisuse, "closed", "the database is closed"}
	errClosed    = &stopped{engine.CodeMisuse, "closed", "the database was closed"}
	errCancelled = &stopped{codeAborted, "aborted", "the call was cancelled"}
)

// reason returns what is answered for an error of r: of a context that has ended, why it has.
func (s *Server) reason(r *request, err error) error {
	var late *lateError
	if errors.As(err, &late) {
		return late.busy
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var why *stopped
	switch {
	case errors.As(context.Cause(r.ctx), &why):
		return why
	case s.isClosing(): // which has ended what the request was about
		return errClosed
	}
	return errCancelled
}

// txEnded is the error of a request for a transaction that has ended.
func (s *Server) txEnded() error {
	if s.isClosing() {
		return errClosed
	}
	return misuse("the transaction has ended")
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// writeError writes an error: code, kind, text.
func writeError(out *wire.Writer, err error) {
	code, kind := describe(err)
	out.U32(uint32(code))
	out.Text(kind)
	out.Text(err.Error())
}

// describe returns the code and the kind of an error.
func describe(err error) (engine.Code, string) {
	var ended *stopped
	if errors.As(err, &ended) {
		return ended.code, ended.kind
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
