// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// FixLogMarks gives all logs the same mark for the time of a test, which prints them.
func FixLogMarks(t *testing.T) {
	random := newLogMark
	newLogMark = func(m *format.LogMark) error {
		copy(m[:], "sixteen letters.")
		return nil
	}
	t.Cleanup(func() { newLogMark = random })
}
