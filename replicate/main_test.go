// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package if any of its tests leaves a goroutine running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
