// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

func TestStateTokenIsText(t *testing.T) {
	want := engine.StateToken{Commits: 1<<64 - 1, Chain: [16]byte{0: 1, 15: 0xff}}
	if got, err := engine.ParseStateToken(want.String()); err != nil || got != want {
		t.Errorf("%s: %v, %v", want, got, err)
	}
	for _, bad := range []string{"", "1", "1:", ":00", "-1:00000000000000000000000000000000", "1:0000000000000000000000000000000g",
		"1:000000000000000000000000000000000000"} {
		if got, err := engine.ParseStateToken(bad); !errors.Is(err, engine.ErrMisuse) || got != (engine.StateToken{}) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}
