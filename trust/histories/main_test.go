// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// roles are what this program does as another process, by the value of an environment variable.
var roles = map[string]func() error{}

const roleVariable = "LSMLITE_HISTORIES_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles[role](); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
