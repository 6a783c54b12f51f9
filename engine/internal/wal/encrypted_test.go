// SPDX-License-Identifier: Apache-2.0

package wal

import "testing"

// The tests of a log that do not depend on its bytes, once more with a key.
func TestEncrypted(t *testing.T) {
	testKeys = newKeys(t)
	defer func() { testKeys = nil }()
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"FailedCommitLeavesNoCommit", TestFailedCommitLeavesNoCommit},
		{"RollbackToAfterTheTransactionEnded", TestRollbackToAfterTheTransactionEnded},
		{"EveryWriteFails", TestEveryWriteFails},
		{"DiskFull", TestDiskFull},
		{"FailedSyncIsFinal", TestFailedSyncIsFinal},
		{"SyncBesideTheWriter", TestSyncBesideTheWriter},
		{"LogFileStaysShort", TestLogFileStaysShort},
		{"TrimCutsWhatIsNotNeeded", TestTrimCutsWhatIsNotNeeded},
		{"SyncedLogIsLengthenedAhead", TestSyncedLogIsLengthenedAhead},
		{"LengthenedNoFurtherThanIsKept", TestLengthenedNoFurtherThanIsKept},
		{"OnlySyncedCommitsLengthen", TestOnlySyncedCommitsLengthen},
		{"LogThatCannotBeLengthened", TestLogThatCannotBeLengthened},
		{"Peek", TestPeek},
		{"PeekAtALogOfAnotherDatabase", TestPeekAtALogOfAnotherDatabase},
		{"PendingIsBounded", TestPendingIsBounded},
		{"PendingThatFails", TestPendingThatFails},
		{"PendingThatFailsAndIsTriedAgain", TestPendingThatFailsAndIsTriedAgain},
		{"UndoKeepsTheFirstMark", TestUndoKeepsTheFirstMark},
		{"UndoKeepsWhatACheckpointGaveUp", TestUndoKeepsWhatACheckpointGaveUp},
		{"PendingAfterAFailedSync", TestPendingAfterAFailedSync},
		{"PendingAllocatesNothing", TestPendingAllocatesNothing},
		{"CutAndFlippedAnywhere", TestCutAndFlippedAnywhere},
		{"RecoveredTransactionStartsItsOwnSector", TestRecoveredTransactionStartsItsOwnSector},
		{"LostCommitsStayLost", TestLostCommitsStayLost},
		{"RecoverPassesErrorsOn", TestRecoverPassesErrorsOn},
		{"RecoveryMemoryIsBounded", TestRecoveryMemoryIsBounded},
		{"MandatoryChecksums", TestMandatoryChecksums},
		{"PaddedCommitFillsItsSector", TestPaddedCommitFillsItsSector},
		{"Close", TestClose},
		{"SteadyStateDoesNotAllocate", TestSteadyStateDoesNotAllocate},
		{"RollbackAfterWrapLosesNothing", TestRollbackAfterWrapLosesNothing},
		{"Reclaim", TestReclaim},
		{"RebasedLogIgnoresTheOldCheckpoint", TestRebasedLogIgnoresTheOldCheckpoint},
		{"WrapThatFailsDoesNotComeBack", TestWrapThatFailsDoesNotComeBack},
		{"SmallCommitsFindZeros", TestSmallCommitsFindZeros},
		{"ZerosNoFurtherThanIsKept", TestZerosNoFurtherThanIsKept},
		{"ZerosThatCannotBeWritten", TestZerosThatCannotBeWritten},
	} {
		t.Run(c.name, c.run)
	}
}
