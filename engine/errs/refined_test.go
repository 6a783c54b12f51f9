// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// An error whose code refines another one matches both values, and no third; a wider error does not match the
// narrower value.
func TestRefinedCodes(t *testing.T) {
	for _, c := range []struct {
		code           errs.Code
		number         int
		narrow, wide   error
		other, another error
	}{
		{errs.CodeBusySnapshot, 517, errs.ErrBusySnapshot, errs.ErrBusy, errs.ErrConflict, errs.ErrIO},
		{errs.CodeConflict, 773, errs.ErrConflict, errs.ErrBusy, errs.ErrBusySnapshot, errs.ErrUndetermined},
		{errs.CodeUndetermined, 266, errs.ErrUndetermined, errs.ErrIO, errs.ErrConflict, errs.ErrBusy},
	} {
		err := error(&errs.Error{Code: c.code, Op: "commit"})
		if int(c.code) != c.number || !errors.Is(err, c.narrow) || !errors.Is(err, c.wide) {
			t.Errorf("%d: %v", c.code, err)
		}
		if errors.Is(err, c.other) || errors.Is(err, c.another) || errors.Is(&errs.Error{Code: c.code & 0xff, Op: "x"}, c.narrow) {
			t.Errorf("%d matches too much", c.code)
		}
	}
}
