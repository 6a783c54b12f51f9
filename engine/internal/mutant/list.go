// SPDX-License-Identifier: Apache-2.0

package mutant

// Mutant is one fault.
type Mutant uint8

// The mutants, by what they are about: checkpoints, blocks, the log, groups of commits, readers, merges, syncs that
// fail, and readers in other processes.
const (
	DataNotSynced Mutant = iota + 1
	FirstNotSynced
	DurablePageFirst
	LogPlaceLate
	CheckpointBlockReused
	PinnedBlockReused
	FreeListForgotten
	AppendPointTwice
	CacheKept
	LogReusedEarly
	MarkLeftOut
	SavepointInLog
	GroupNotSynced
	ShownBeforeSync
	WakeLost
	ReaderNotPinned
	TreeReusedEarly
	SplitKeyOff
	SplitKeyOffInGet
	DeletesDropped
	PoisonForgotten
	SuspectKept
	OthersNotPinned
	OthersToldLate

	numMutants
)

// list is the name of each mutant, and what is wrong with it.
var list = [numMutants]struct{ name, sentence string }{
	DataNotSynced: {"data not synced",
		"A checkpoint is written before its pages are synced."},
	FirstNotSynced: {"first meta page not synced",
		"A checkpoint is written to the second meta page before it is synced on the first."},
	DurablePageFirst: {"durable meta page first",
		"A checkpoint is written first over the one that is durable."},
	LogPlaceLate: {"place in the log too late",
		"A flushed tree is taken to reach up to where the log ends now."},
	CheckpointBlockReused: {"block of the checkpoint reused",
		"A block is given away that the synced checkpoint uses."},
	PinnedBlockReused: {"pinned block reused",
		"A block is given away that a reader uses."},
	FreeListForgotten: {"free list forgotten",
		"A checkpoint says nothing about free blocks."},
	AppendPointTwice: {"append point taken twice",
		"Two segments that are written at the same time begin in one place."},
	CacheKept: {"cache of a reused block kept",
		"Pages of the former life of a block stay in the cache."},
	LogReusedEarly: {"log reused early",
		"The log before a checkpoint counts as free before that is stored."},
	MarkLeftOut: {"mark left out",
		"The log goes on after a failure or a recovery without a random number."},
	SavepointInLog: {"savepoint stays in the log",
		"Going back to a savepoint does not take back what is in the log."},
	GroupNotSynced: {"group not synced",
		"Commits that share a sync are acknowledged without it."},
	ShownBeforeSync: {"commit shown before its sync",
		"Readers see a commit before it is synced."},
	WakeLost: {"next leader not woken",
		"The writer that is to lead the next sync is not woken."},
	ReaderNotPinned: {"reader not pinned",
		"Blocks are given away as if nobody but the newest state used any."},
	TreeReusedEarly: {"tree memory reused early",
		"Nodes of the tree are used again that a reader still shows."},
	SplitKeyOff: {"split key off by one",
		"A cursor looks for the split key of a half-done merge on its wrong side."},
	SplitKeyOffInGet: {"split key off by one in Get",
		"Get looks for the split key of a half-done merge on its wrong side."},
	DeletesDropped: {"deletes dropped",
		"A merge drops deletes although there are older levels."},
	PoisonForgotten: {"failed sync forgotten",
		"Writing goes on after a sync has failed."},
	SuspectKept: {"suspect pages kept",
		"After a failed sync of pages that a checkpoint refers to, they are not written again."},
	OthersNotPinned: {"pin of another process ignored",
		"A block is given away that a reader in another process uses."},
	OthersToldLate: {"other processes told late",
		"Readers in other processes learn of every second commit only when the next one is shown."},
}
