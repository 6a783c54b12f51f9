// SPDX-License-Identifier: Apache-2.0

package mark

// Mark is one rare state.
type Mark uint8

// The marks, by what they are about: the log, commits that share a sync, waiting writers, checkpoints, free blocks and
// append points, merges, readers, the page cache, cursors, and the whole database.
const (
	LogWrapped Mark = iota + 1
	LogJumped
	LogRegion1
	LogThreeRegions
	LogFull
	LogWrapUndone
	LogSpilled
	LogCut
	LogTornTail
	LogRebased
	LogStale
	LogReplayed
	LogWriteLost
	LogUndone
	HistoryGivenUp
	GroupOfTwo
	GroupOfThree
	GroupFollows
	GroupBatches
	GroupSyncFailed
	GroupSeenLost
	SettleWaits
	StaleSnapshot
	StaleWaits
	StallTrees
	StallLog
	StallStream
	StreamCut
	TreeBetweenReaders
	OldTreePinned
	BothBackground
	CheckpointWaits
	CheckpointRenamed
	CheckpointHalf
	CheckpointPage1
	CheckpointPage2
	MetaTorn
	MetaApart
	FreelistOverflow
	FreelistOnly
	SnapshotKept
	BlockReused
	BlockHeld
	BlockLetGo
	AppendPoint
	AppendShared
	AppendFull
	JobsTogether
	MergePart
	MergeResumed
	MergeDropped
	SplitKey
	SplitGap
	RedirectRead
	FileCut
	WorkRetried
	Rewritten
	SlotsFull
	SlotOvertaken
	CacheEvicts
	CacheFull
	CacheTwice
	CacheDropHeld
	KeyOverPages
	ValueOverPages
	CursorTurns
	RangeHides
	CloseRefused
	BackupWaits
	OptimizeWhole
	AttachRenewed
	AttachFollowed
	AttachLost
	OthersPin

	numMarks
)

// list is the name of each mark, and when it is met.
var list = [numMarks]struct{ name, sentence string }{
	LogWrapped: {"log wrapped",
		"A transaction continues the log at the beginning of its file, because nothing there is needed any more."},
	LogJumped: {"log jumped",
		"A log that has wrapped comes to what is still needed, and continues after it."},
	LogRegion1: {"log region 1 in use",
		"A commit leaves a log that has jumped, so that its middle region is in use."},
	LogThreeRegions: {"log in three regions",
		"A commit leaves a log of which all three regions are in use."},
	LogFull: {"log full",
		"A transaction is refused because the log can neither go on nor jump until a checkpoint is synced."},
	LogWrapUndone: {"log wrap undone",
		"Going back to a savepoint takes back that the transaction has wrapped the log, or jumped."},
	LogSpilled: {"transaction written ahead",
		"A part of a transaction is written to the log before its commit, because it is long."},
	LogCut: {"log cut",
		"The file of the log has become longer than is worth keeping, and is cut."},
	LogTornTail: {"torn log tail recovered",
		"Recovery finds something after the last commit that is no committed transaction."},
	LogRebased: {"log rebased",
		"Recovery finds no commit at the checkpoint's position, and reads the log from its beginning."},
	LogStale: {"stale log commits",
		"Transactions at the beginning of the log are none of its own, but look so."},
	LogReplayed: {"log replayed",
		"Recovery finds committed transactions that the checkpoint does not have."},
	LogWriteLost: {"group write failed",
		"Commits that were to share a write fail together, because it has failed."},
	LogUndone: {"lost commits undone",
		"A writer takes tree and log back to before commits that could not be written."},
	HistoryGivenUp: {"change history overtaken",
		"The log has grown so much that the oldest changes that streams could read are given up."},
	GroupOfTwo: {"group commit of two",
		"Two commits share one sync."},
	GroupOfThree: {"group commit of three",
		"Three commits or more share one sync."},
	GroupFollows: {"commit made durable by another",
		"A writer finds its commit durable without having led a sync."},
	GroupBatches: {"sync of several writes",
		"One sync makes durable what several writes have put into the log."},
	GroupSyncFailed: {"group sync failed",
		"The sync of a group fails, and with it all commits that wait."},
	GroupSeenLost: {"transaction on lost commits",
		"A transaction fails because it has seen commits that could not be written."},
	SettleWaits: {"publisher waits for a sync",
		"A writer that is to publish the tree waits until earlier commits are durable."},
	StaleSnapshot: {"stale snapshot upgraded",
		"A transaction that is to begin from a snapshot fails, because another has committed since."},
	StaleWaits: {"stale snapshot waits",
		"Such a transaction first waits until the newer commit can be seen."},
	StallTrees: {"writer stalls on trees",
		"A transaction flushes before it begins, because both trees are full."},
	StallLog: {"writer stalls on the log",
		"A transaction makes a checkpoint before it begins, because too much of the log is needed."},
	StallStream: {"writer waits for a stream",
		"A transaction waits until a reader of changes that must not lose its place has got further."},
	StreamCut: {"stream lost its place",
		"A reader of changes finds that what it was to read next was written over."},
	TreeBetweenReaders: {"tree memory between readers",
		"Nodes of the tree are used again that only states between those of two readers had."},
	OldTreePinned: {"old tree pinned past its flush",
		"A tree is flushed, and a reader goes on with it."},
	BothBackground: {"both background jobs running",
		"A checkpoint is written while another goroutine has the worker's turn."},
	CheckpointWaits: {"checkpoint waits for another",
		"A checkpoint has to wait because another one is being stored."},
	CheckpointRenamed: {"checkpoint renumbered",
		"A checkpoint gets another number, because its own may be on a page already."},
	CheckpointHalf: {"checkpoint on one page",
		"Storing a checkpoint fails after it is durable on one of the meta pages."},
	CheckpointPage1: {"checkpoint begun on page 1",
		"A checkpoint goes to meta page 1 first, because page 2 holds the durable one."},
	CheckpointPage2: {"checkpoint begun on page 2",
		"A checkpoint goes to meta page 2 first."},
	MetaTorn: {"one meta page torn",
		"A database is opened of which one meta page is no valid checkpoint."},
	MetaApart: {"meta pages apart",
		"A database is opened of which the meta pages hold different checkpoints."},
	FreelistOverflow: {"free list overflow",
		"The free list has more entries than a checkpoint may hold, and goes into a segment."},
	FreelistOnly: {"free-list-only level",
		"A level is published that holds nothing but entries of the free list."},
	SnapshotKept: {"snapshot kept past checkpoint",
		"A checkpoint is synced while a reader has a snapshot that is older."},
	BlockReused: {"block reused",
		"A block is given away again."},
	BlockHeld: {"block held by a reader",
		"A free block is passed over, because a pinned snapshot may use it."},
	BlockLetGo: {"block reused after a reader left",
		"A block is given away that was passed over for a reader before."},
	AppendPoint: {"append point taken",
		"A segment begins in the rest of another's last block."},
	AppendShared: {"append point shared by three",
		"Three segments begin or end in one block."},
	AppendFull: {"append points full",
		"An append point is forgotten, because there is no room for it."},
	JobsTogether: {"flush during a merge",
		"A flush begins while a merge is under way."},
	MergePart: {"merge published in part",
		"A merge is published before it has ended."},
	MergeResumed: {"half-done merge resumed",
		"A merge goes on with what is merged of a half-done one."},
	MergeDropped: {"merge given up",
		"A merge is given up before its end."},
	SplitKey: {"split key between halves",
		"A reader opens a level whose merge is half done: its output below the split key, its inputs above."},
	SplitGap: {"range across the split key",
		"A deleted range reaches across the split key of a half-done merge."},
	RedirectRead: {"redirect read",
		"A page is read in another block than its segment says."},
	FileCut: {"database file cut",
		"The end of the database file is free, and is cut off."},
	WorkRetried: {"failed work retried",
		"A background goroutine tries work again that has failed."},
	Rewritten: {"suspect file rewritten",
		"Everything is written to other blocks, because a sync has failed before."},
	SlotsFull: {"reader without a slot",
		"A reader finds no slot, and counts itself in the state."},
	SlotOvertaken: {"reader overtaken",
		"A state is published between a reader's two looks, and it takes the newer one."},
	CacheEvicts: {"page evicted",
		"A page gives its place in the cache to another."},
	CacheFull: {"cache all held",
		"All places of the cache are held by readers, and a page is read without one."},
	CacheTwice: {"page read by two",
		"Two readers miss the same page, and the slower one does not keep its copy."},
	CacheDropHeld: {"held page dropped",
		"A block is written again while a reader holds a page of its former life."},
	KeyOverPages: {"key over pages",
		"A key is put together from several pages."},
	ValueOverPages: {"value over pages",
		"A value is read that goes on over other pages."},
	CursorTurns: {"cursor turns",
		"A cursor changes its direction among several sources."},
	RangeHides: {"range hides a record",
		"A record is hidden by a deleted range of a newer source."},
	CloseRefused: {"close refused",
		"A database is not closed because something of it is in use."},
	BackupWaits: {"checkpoint for a backup",
		"A backup of blocks has a checkpoint made for it."},
	OptimizeWhole: {"optimize moves everything",
		"Optimize writes all levels as one."},
	AttachRenewed: {"attached reader renewed",
		"A reader in another process goes on to a newer checkpoint."},
	AttachFollowed: {"attached reader reads the log",
		"A reader in another process reads in the log what was committed since it last did."},
	AttachLost: {"attached reader lost its writer",
		"A reader in another process finds that the one that wrote has ended, and shows the files as they are."},
	OthersPin: {"checkpoint pinned by another process",
		"Space is to be used again while a reader in another process holds on to an older checkpoint."},
}
