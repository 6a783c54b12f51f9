// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

func TestCodeOf(t *testing.T) {
	_, missing := os.Stat("no such file")
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, Done},
		{Errorf(No, "no key %s", "a"), No},
		{fmt.Errorf("get: %w", Errorf(Usage, "what?")), Usage},
		{Silent(Damaged), Damaged},
		{fmt.Errorf("import: %w", context.Canceled), Interrupted},
		{&engine.Error{Code: engine.CodeBusy}, Busy},
		{&engine.CorruptionError{}, Damaged},
		{&engine.Error{Code: engine.CodeFull}, IO},
		{&engine.Error{Code: engine.CodeSyntax}, Refused},
		{&engine.Error{Code: engine.CodeCantOpen}, CannotOpen},
		{missing, CannotOpen},
		{io.ErrShortWrite, IO},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
	if !IsSilent(Silent(No)) || IsSilent(errors.New("loud")) || IsSilent(nil) {
		t.Error("only a silent error is silent")
	}
}

// TestCodes holds that the list of exit codes has each once, with a meaning, ascending.
func TestCodes(t *testing.T) {
	last := Code(-1)
	for _, c := range Codes {
		if c.Code <= last || c.Meaning == "" {
			t.Errorf("%d %q after %d", c.Code, c.Meaning, last)
		}
		last = c.Code
	}
}
