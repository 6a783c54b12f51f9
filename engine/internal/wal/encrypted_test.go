// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// The tests of a log that do not depend on its bytes, once more with a key.
func TestEncrypted(t *testing.T) {
	testKeys, emptyPos.Chain = newKeys(t), crypt.NewChain()
	defer func() { testKeys, emptyPos.Chain = nil, [16]byte{} }()
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"FailedCommitLeavesNoCommit", TestFailedCommitLeavesNoCommit},
		{"RollbackToAfterTheTransactionEnded", TestRollbackToAfterTheTransactionEnded},
		{"BeginRollsBack", TestBeginRollsBack},
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
		{"WalkDamaged", TestWalkDamaged},
		{"StartAfter", TestStartAfter},
		{"TailReadsWhatIsCommitted", TestTailReadsWhatIsCommitted},
		{"TailReadsNoFurtherThanItIsTold", TestTailReadsNoFurtherThanItIsTold},
		{"TailWithAPlaceThatIsNotThere", TestTailWithAPlaceThatIsNotThere},
		{"TailOvertaken", TestTailOvertaken},
		{"TailFollowsWraps", TestTailFollowsWraps},
		{"TailBesideTheWriter", TestTailBesideTheWriter},
		{"TailMemoryIsBounded", TestTailMemoryIsBounded},
		{"TailPassesErrorsOn", TestTailPassesErrorsOn},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name != "SyncBesideTheWriter" && c.name != "TailBesideTheWriter" {
				alone(t) // and under the race detector boxes take memory that they do not take otherwise
			}
			c.run(t)
		})
	}
}

// A walk without the key sees the frames, and follows them: what it knows of each commit is enough to go on from there
// with the key.
func TestWalkWithoutTheKey(t *testing.T) {
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	f := &memFile{data: e.data, sector: 512}
	frames, keyFrames := 0, 0
	var commits []format.LogPos
	see := func(entry *Entry) bool {
		switch {
		case entry.Frame != nil && entry.Frame.Key:
			keyFrames++
		case entry.Frame != nil:
			frames++
		case entry.Header.Kind == format.LogCommit:
			commits = append(commits, entry.After)
		case entry.Header.Kind == format.LogOperation:
			t.Errorf("without the key there is a %v", entry.Header.Op)
		}
		return true
	}
	if err := Walk(f, e.from, WalkOptions{Part: 100}, see); err != nil {
		t.Fatal(err)
	}
	if keyFrames != 3 || frames < 10 || len(commits) != len(e.ends) {
		t.Errorf("%d key frames, %d others, %d commits", keyFrames, frames, len(commits))
	}
	i := 0
	if _, _, err := RecoverSteps(f, e.from, e.keys, ignore, func(p format.LogPos) error {
		if i++; p != commits[i-1] {
			t.Errorf("commit %d: a walk without the key says %+v, recovery %+v", i, commits[i-1], p)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i, p := range commits {
		if _, r, err := Recover(f, p, e.keys, ignore); err != nil || r.Commits != len(e.ends)-1-i {
			t.Errorf("after commit %d: %+v, %v", i, r, err)
		}
	}
	// With the key, but from the beginning of the file on, without what comes before it.
	ops := 0
	if err := Walk(f, format.LogPos{}, WalkOptions{NoBeginning: true, Keys: e.keys, Part: 100}, func(entry *Entry) bool {
		if entry.InFrame {
			ops++
		}
		return true
	}); err != nil || ops < 10 {
		t.Errorf("%d operations, %v", ops, err)
	}
}

// What a walk with the key shows of a log that was changed ends where the change is.
func TestWalkSeesChanges(t *testing.T) {
	e := makeEncryptedLog(t, newKeys(t), crypt.NewChain(), "key")
	own := e.transactions()
	data := withChecksums(slices.Concat(slices.Concat(own[:2]...), slices.Concat(own[3:]...)), e.from)
	var end *End
	if err := Walk(&memFile{data: data, sector: 512}, e.from, WalkOptions{Keys: e.keys}, func(entry *Entry) bool {
		end = entry.End
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if end == nil || end.Commits != 2 || !end.Torn || !strings.Contains(end.Why, "does not open") {
		t.Errorf("%+v", end)
	}
}

// alone skips a long test under the race detector: in it one goroutine works alone.
func alone(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("one goroutine works alone: there is nothing for the race detector")
	}
}
