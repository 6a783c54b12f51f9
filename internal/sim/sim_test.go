// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine"
)

var seed = flag.Uint64("seed", 1, "what TestConcurrent draws from")

func TestMain(m *testing.M) {
	if os.Getenv(childOrder) != "" {
		if err := obey(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0) // nothing is closed
	}
	// The tests make many short-lived databases: with more memory the collector has less to do.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(512 << 20)
	goleak.VerifyTestMain(m)
}

var safeties = []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull}
