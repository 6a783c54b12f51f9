// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
)

// brief is how many programs the ordinary test runs, and enough how many a run has to have for each mark to be met:
// which marks the first so many programs meet does not depend on chance.
const (
	brief  = 24
	enough = 2000
)

// elsewhere are marks that the first programs do not meet. Other tests of the engine do, or its files of C lsm1.
var elsewhere = map[mark.Mark]bool{
	mark.LogStale:           true, // of C lsm1
	mark.RedirectRead:       true, // of C lsm1
	mark.CacheDropHeld:      true,
	mark.TreeBetweenReaders: true, // takes hundreds of nodes
	mark.AppendFull:         true,
	mark.LogFull:            true,
}

// mutants is how many programs each mutant of the engine may take to be found, a few times as many as it took; 0: they
// do not find it.
var mutants = map[mutant.Mutant]int{
	mutant.DataNotSynced:         100,
	mutant.FirstNotSynced:        300,
	mutant.DurablePageFirst:      100,
	mutant.LogPlaceLate:          100,
	mutant.CheckpointBlockReused: 100,
	mutant.PinnedBlockReused:     300,
	mutant.FreeListForgotten:     300,
	mutant.AppendPointTwice:      100,
	mutant.CacheKept:             100,
	mutant.LogReusedEarly:        1500,
	mutant.MarkLeftOut:           0, // takes a commit with the very bytes of one that failed; the model finds it
	mutant.SavepointInLog:        100,
	mutant.GroupNotSynced:        20,
	mutant.ShownBeforeSync:       300,
	mutant.WakeLost:              20,
	mutant.ReaderNotPinned:       300,
	mutant.TreeReusedEarly:       100,
	mutant.SplitKeyOff:           100,
	mutant.SplitKeyOffInGet:      100,
	mutant.DeletesDropped:        300,
	mutant.PoisonForgotten:       300,
	mutant.SuspectKept:           300,
	mutant.OthersNotPinned:       150,
	mutant.OthersToldLate:        20,
}
