// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// A snapshot that is gone is a reason to start again, as ErrBusy is, and none to call a file damaged.
func TestASnapshotThatIsGone(t *testing.T) {
	err := fmt.Errorf("read: %w", &errs.Error{Code: errs.CodeSnapshotGone, Op: "read", Path: "/x"})
	for _, c := range []struct {
		value *errs.Error
		want  bool
	}{
		{errs.ErrSnapshotGone, true}, {errs.ErrBusy, true},
		{errs.ErrBusySnapshot, false}, {errs.ErrCorrupt, false}, {errs.ErrIO, false},
	} {
		if errors.Is(err, c.value) != c.want {
			t.Errorf("is %v: %v", c.value.Code, !c.want)
		}
	}
	if errors.Is(&errs.Error{Code: errs.CodeBusy}, errs.ErrSnapshotGone) {
		t.Error("every ErrBusy is an ErrSnapshotGone")
	}
}
