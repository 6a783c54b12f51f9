// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestRecoverRanges asks for keys around the ends of stretches, which belong to them.
func TestRecoverRanges(t *testing.T) {
	r := engine.RecoverRanges{Ranges: []engine.RecoverRange{
		{From: []byte("b"), To: []byte("d")}, {From: []byte("f"), To: []byte("f")},
	}}
	for key, want := range map[string]bool{
		"": false, "a": false, "b": true, "c": true, "d": true, "d\x00": false, "e": false, "f": true, "f\x00": false, "g": false,
	} {
		if got := r.Has([]byte(key)); got != want {
			t.Errorf("%q: %t, want %t", key, got, want)
		}
	}
	if new(engine.RecoverRanges).Has(nil) {
		t.Error("no stretch has a key")
	}
}
