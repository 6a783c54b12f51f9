// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/parser"
)

// misusef makes the error of a call that cannot be meant as it was made.
func misusef(op, format string, args ...any) error {
	return &errs.Error{Code: errs.CodeMisuse, Op: op, Detail: fmt.Sprintf(format, args...)}
}

// readOnlyError makes the error of a write where writing is not possible. why says what
// makes it so.
func readOnlyError(why string) error {
	return &errs.Error{Code: errs.CodeReadOnly, Op: "write", Detail: why}
}

// bindError turns the parser's refusal of an argument, or of a constant, into ours: a
// constant is the text's fault, an argument the caller's. It leaves nil alone.
func bindError(err error) error {
	if err == nil {
		return nil
	}
	var limit *parser.LimitError
	if errors.As(err, &limit) {
		return &errs.Error{Code: errs.CodeTooBig, Op: "compute", Detail: limit.Msg}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var b *parser.BindError
	if errors.As(err, &b) && b.Param == 0 {
		return &errs.Error{Code: errs.CodeSyntax, Detail: b.Msg, Err: b.Err}
	}
	return &errs.Error{Code: errs.CodeMisuse, Op: "bind", Detail: "cannot use an argument", Err: err}
}

// evalError is bindError for an evaluation, which may also fail because a value could
// not be loaded.
func evalError(err error) error {
	if err == nil {
		return nil
	}
	var limit *parser.LimitError
	var bind *parser.BindError
	if errors.As(err, &limit) || errors.As(err, &bind) {
		return bindError(err)
	}
	return err
}

// joinErrors is errors.Join that leaves a lone error as it is.
func joinErrors(err, also error) error {
	switch {
	case also == nil:
		return err
	case err == nil:
		return also
	}
	return errors.Join(err, also)
}
