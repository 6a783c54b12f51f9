// SPDX-License-Identifier: Apache-2.0

package simulator_test

import "github.com/lsmlite/lsmlite-go/engine/internal/mark"

// brief is how many programs the ordinary test runs, and enough how many a run has to have for each mark to be met:
// which marks the first so many programs meet does not depend on chance.
const (
	brief  = 24
	enough = 2000
)

// elsewhere are marks that the first programs do not meet. Other tests of the engine do, or its files of C lsm1.
var elsewhere = map[mark.Mark]bool{
	mark.AttachRenewed:      true, // there are no readers in other processes
	mark.LogStale:           true, // of C lsm1
	mark.RedirectRead:       true, // of C lsm1
	mark.CacheDropHeld:      true,
	mark.TreeBetweenReaders: true, // takes hundreds of nodes
	mark.AppendFull:         true,
	mark.LogFull:            true,
}
