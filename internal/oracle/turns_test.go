// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

var (
	flagSeed    = flag.Uint64("seed", 1, "first seed of TestTakingTurns")
	flagCodec   = flag.String("codec", "", "compression of all matches of TestTakingTurns in place of a random one")
	flagMatches = flag.Int("matches", 16, "matches that TestTakingTurns plays, one a seed")
)

// TestTakingTurns lets the engine and C lsm1 write the same file in turn. Each turn ends
// with a close or with a crash, and after each one C's and the engine's recovery of a
// copy must both hold what was committed.
func TestTakingTurns(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	for i := range *flagMatches {
		seed := *flagSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			m := newMatch(t, seed)
			for m.turn = range turnsPerMatch {
				if m.byC = (m.turn+int(seed))%2 != 0; m.byC {
					m.cTurn()
				} else {
					m.engineTurn()
				}
				m.judge()
			}
		})
	}
}

const (
	endClose ending = iota
	endCrash        // between two steps
	endKill         // in the middle of a step
)
