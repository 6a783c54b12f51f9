// SPDX-License-Identifier: Apache-2.0

package platforms

// engine is what the engine, the parser and the driver are made of.
var engine = []string{"./engine/...", "./parser", "."}

// Reasons that several platforms have.
const (
	whyKeys     = "tries many keys and changed bytes, without the processor's instructions for AES"
	whyOrders   = "tries all orders of steps, which depend on no platform"
	whyLong     = "works for a second and more without an emulator, and for up to minutes in one; shorter tests look at the same bytes"
	whyMeasures = "measures time or memory, and an emulator has others"
)

// emulated is what is left out in an emulator, which is 10 to 30 times as slow.
var emulated = []Leave{
	{"EveryByte.*|NoncesNeverComeTwice|NoNonceTwice|ModelEncrypted|Encrypted|SealedBytesFlipped|RandomEncrypted|OldFilesPutBack" +
		"|TornMetaPageOfAnEncryptedFile|PageSumCatchesEveryFlippedBit|NoPlaintextInTheLog|RecoverEncrypted", whyKeys},
	{"AllOrders|WrongOrdersAreFound|FreeOrders|ModelOfSlots.*", whyOrders},
	{"HotKeys|LogStaysBounded|ShortSessions|DamagedPagesAreNoticed|SkipDamaged|SkipDamagedInLayers|PowerLossWhileGoldenFilesAreOpened" +
		"|AttachKills|AttachFaults|AttachDetach|RecoverUndamaged|ChangesModel|Damages|AgainstTheEngine|LogFileStaysShort|HostileFiles" +
		"|AttachStress|RandomEngine|RandomModel|NumericKeysModel|Load|Model|LineModel|RememberModel|IndexModel|Soak|Background|BothMetaPagesGone" +
		"|NewerMetaPageBlank|Undamaged|NoiseIsNotForeign|EachBitOfTheCheckpoint|HeadsAgreeWithTheKeys|HeadsOfRecycledSlots" +
		"|SealOfAHalfDoneMerge|EveryWriteFails|Sessions|Tables|Scale|RecoverTakesTheNewestCheckpoint|WalksOverLongRecords" +
		"|RangeDeleteUpToTheLongestKey|Parts|LongValuesNextToCachedPages|WalksWithASmallCache|IndexUnderReaders|Simulator" +
		"|LogFileIsCutAfterALargeTransaction|RolledBackWritesTakeNoMemory|SealedPagesCannotBeMoved|GroupCrash|MutatedFiles.*|FlippedBits", whyLong},
	{"Latency|MatchIsLinear|CacheTakesLittleOfTheHeap|StatementsThatNeedNoValueLoadNone|NastyTexts|AnyTextIsAnsweredSoon|QueueHeadStaysCheap" +
		"|ChangesReadWithoutAllocation|ErrorsAreShort|Pause|SyntaxErrorsAreCheap|BatchOfManyRecords|CommitCost|HugeInList|PageSumRates" +
		"|ShortenedPrefixesExpectTheSame|LongStatementsObeyContext|LongValuesLeaveMemory|LowMemoryOfLongValues|SixtyFourMiB", whyMeasures},
}

// alone is what is left out where only the number of processors, of descriptors or of bytes differs.
var alone = Leave{"EveryByte.*|NoncesNeverComeTwice|NoNonceTwice|ModelEncrypted|SealedBytesFlipped|AllOrders|WrongOrdersAreFound|FreeOrders" +
	"|ModelOfSlots.*|HotKeys|LogStaysBounded|ShortSessions|DamagedPagesAreNoticed|MutatedFiles.*|FlippedBits|Damages|AgainstTheEngine|LogFileStaysShort" +
	"|HostileFiles|MatchIsLinear|NastyTexts|AnyTextIsAnsweredSoon|PageSum.*", "one goroutine works alone for long, in files in memory"}

// noLinks is what makes symbolic links.
var noLinks = Leave{"OSCanonicalFollowsLinks|NoFollowFollowsNoLink|ALinkToTheOpenFileIsNotItsName|ALinkIsNeverTheLog|TheDatabaseMayBeALink" +
	"|BackupFollowsNoLink|Sharing", "Wine 8 reports that a symbolic link was made, and has made none"}

const whyProcess = "starts a process; the Go program of the test has too few descriptors for its pipes and what it has open besides"

// All are the platforms that can be run, in the order of the table.
var All = []Platform{
	{
		Name: "linux-arm", Shows: "`linux/arm` in qemu-user: 32 bits, and numbers of 64 bits that have to be aligned", GOARCH: "arm",
		Needs: "qemu-arm", start: emulate("qemu-arm"), Suites: []Suite{{Packages: engine, Without: emulated}},
	},
	{
		Name: "linux-arm64", Shows: "`linux/arm64` in qemu-user: its assembly", GOARCH: "arm64",
		Needs: "qemu-aarch64", start: emulate("qemu-aarch64", "-cpu", "max"), Suites: []Suite{{Packages: engine, Without: emulated}},
	},
	{
		Name: "linux-s390x", Shows: "`linux/s390x` in qemu-user: the most significant byte first", GOARCH: "s390x",
		Needs: "qemu-s390x", start: emulate("qemu-s390x"), Suites: []Suite{{Packages: engine, Without: emulated}},
	},
	{
		Name: "one-processor", Shows: "one processor: `GOMAXPROCS=1`", Env: []string{"GOMAXPROCS=1"}, start: words(),
		Suites: []Suite{{Packages: engine, Without: []Leave{alone}}},
	},
	{
		Name: "descriptors-16", Shows: "16 file descriptors: `ulimit -n 16`", start: startDescriptors(16),
		Suites: []Suite{
			{Packages: []string{"./engine"}, Without: []Leave{alone,
				{"AttachStopped|HolderIsKilled|NoDescriptorsLeftLeavesNothing|LowMemoryOfLongValues|SecondProcess|MemoryKeepsToTheBudgets" +
					"|SixteenDescriptors|SixtyFourMiB|AttachKills", whyProcess},
				{"AttachDetach|AttachFaults|RecoverMemory", "has more files open at once"},
			}},
			{Packages: []string{"./engine/internal/files", "./engine/internal/live", "./engine/internal/rescue", "./engine/internal/wal",
				"./engine/internal/backup", "./engine/internal/worker", "./engine/internal/writer", "./engine/enginetest"}, Without: []Leave{alone}},
			{Packages: []string{"./engine/vfs/..."}, Without: []Leave{{"LocksOfTwoProcesses|RangesOfAProcess", whyProcess}}},
		},
	},
	{
		Name: "memory-64MiB", Shows: "64 MiB of memory: a control group with that limit, which holds the kernel's cache of files, too",
		start: startMemory(64 << 20), Suites: []Suite{
			{Packages: []string{"./engine"}, Only: "^TestSixtyFourMiB$", Args: []string{"-memory.all", "-memory.rows=320000"}},
			// Tests of other packages keep files in memory, some of them more than that.
			{Packages: []string{"./engine/vfs/...", "./engine/internal/files", "./engine/internal/live", "./engine/internal/format",
				"./engine/internal/freelist", "./engine/internal/blockfile", "./engine/internal/checkpoint"}, Without: []Leave{alone}},
		},
	},
	{
		Name: "windows-amd64", Shows: "`windows/amd64` in Wine: files, and their locks among handles and processes", GOOS: "windows", GOARCH: "amd64",
		Needs: "wine", build: buildForWine, start: startWine, Suites: []Suite{
			{Packages: []string{"./engine"}, Without: []Leave{alone, noLinks, {"CommitCost", "measures what the calls of Go for files allocate"}}},
			{Packages: []string{"./engine/vfs"}, Without: []Leave{noLinks}},
			{Packages: []string{"."}, Without: []Leave{noLinks, {"NothingLeft", "looks into /proc, where Wine shows what Linux has open"}}},
			{Packages: []string{"./engine/compress", "./engine/enginetest", "./engine/errs", "./engine/keys", "./engine/prom",
				"./engine/internal/...", "./engine/vfs/memfs", "./engine/vfs/faultfs", "./engine/writeset", "./parser"}},
		},
	},
}
