// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// TestMain fails the package if any of its tests leaves a goroutine running.
func TestMain(m *testing.M) {
	// The encoder and the decoder make channels when they are first used, which must not be in a bubble of synctest.
	data, err := object.Encode(object.KindPart, "x", nil, nil)
	if err == nil {
		_, err = object.Decode(object.KindPart, "x", data, nil)
	}
	if err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
