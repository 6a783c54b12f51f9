// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// noted is a file with the notes of its meta pages.
type noted struct {
	checkpoint.Notes
	t    *testing.T
	r    *recorder
	file *blockfile.File
}

// begin begins the notes of a file, as found.
func begin(t *testing.T, r *recorder, f *blockfile.File) *noted {
	t.Helper()
	n := &noted{t: t, r: r, file: f}
	l, err := checkpoint.Load(r, "/test.db")
	n.must(err)
	n.must(n.Begin(f, &l, checkpoint.FoundLog{Exists: true, Name: func() string { return "test.db-log" }}))
	n.SetMark(format.LogMark{7})
	n.r.ops = nil
	return n
}

// fresh makes a file in which only the empty checkpoint was stored, with notes.
func fresh(t *testing.T) *noted {
	t.Helper()
	r, f := open(t)
	n := begin(t, r, f)
	c := checkpoint.EmptyCheckpoint(f.Geometry())
	blob, err := c.Encode()
	n.must(err)
	first := checkpoint.Storing{Notes: &n.Notes, Checkpoint: c, Blob: blob, All: true}
	n.must(first.StoreFirst())
	n.must(n.CopyLater(c))
	n.r.ops = nil
	return n
}

// stored makes a file with a checkpoint on both pages, of which page 1 is the durable one, and
// in whose log is nothing that it does not hold. The claim goes to page 2.
func stored(t *testing.T) *noted {
	t.Helper()
	n := fresh(t)
	n.Claim(5)
	n.must(n.store(11, 2, 5, false))
	n.r.ops = nil
	return n
}

func (n *noted) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// store stores a checkpoint that holds the commits up to seq.
func (n *noted) store(id base.SnapshotID, durable int, seq uint64, all bool) error {
	c := at(id)
	blob, err := c.Encode()
	n.must(err)
	s := checkpoint.Storing{Notes: &n.Notes, Checkpoint: c, Blob: blob, Seq: seq, Durable: durable, All: all, Sync: true}
	_, err = s.Store()
	return err
}

// expectOps compares what was done to the file, and forgets it.
func (n *noted) expectOps(when string, want ...string) {
	n.t.Helper()
	if !slices.Equal(n.r.ops, want) {
		n.t.Errorf("%s: %q, want %q", when, n.r.ops, want)
	}
	n.r.ops = nil
}

func noteOn(page int) string {
	return fmt.Sprintf("write %d+%d", (page-1)*format.MetaPageSize+format.NoteOffset, format.MetaSize-format.NoteOffset)
}

func metaOn(page int) string {
	return fmt.Sprintf("write %d+%d", (page-1)*format.MetaPageSize, format.MetaSize)
}

// load reads the pages, which have to be a pair with notes.
func (n *noted) load() *checkpoint.Loaded {
	n.t.Helper()
	l, err := checkpoint.Load(n.r, "/test.db")
	n.must(err)
	return &l
}

// expectClaims compares which page claims that the log is in use.
func (n *noted) expectClaims(when string, first, second bool) {
	n.t.Helper()
	l := n.load()
	if !l.Pair() {
		n.t.Errorf("%s: the pages are no pair", when)
		return
	}
	if a, b := l.Pages[0].Note.LogInUse, l.Pages[1].Note.LogInUse; a != first || b != second {
		n.t.Errorf("%s: page 1 claims %t and page 2 %t, want %t and %t", when, a, b, first, second)
	}
}

// TestClaimIsWrittenOnce, to the page that was written last, before the first commit that the
// checkpoint does not hold.
func TestClaimIsWrittenOnce(t *testing.T) {
	n := stored(t)
	n.expectClaims("after a checkpoint", true, false)
	n.SetMark(format.LogMark{8}) // of another log, which begins after the checkpoint
	n.Claim(6)
	n.expectOps("the first commit", noteOn(2))
	n.expectClaims("the first commit", true, true)
	n.Claim(7)
	n.expectOps("the next commit")
	l := n.load()
	note := l.Pages[1].Note
	if note.Mark != (format.LogMark{8}) || note.LogName != "test.db-log" || !note.Copy || !note.DataSynced || note.For != l.Pages[1].Ref {
		t.Errorf("the note is %+v", note)
	}
	if l.Durable() != 1 {
		t.Errorf("page %d is the durable one", l.Durable())
	}
}

// TestClaimThatFailsIsTriedAgain with the next commit.
func TestClaimThatFailsIsTriedAgain(t *testing.T) {
	n := stored(t)
	n.r.failAt = 1
	n.Claim(6)
	n.expectOps("while it fails", noteOn(2))
	n.expectClaims("while it fails", true, false)
	if !n.NothingInLog() {
		t.Error("it is not known that the page may claim it")
	}
	n.r.failAt = 0
	n.Claim(7)
	n.expectOps("the next commit", noteOn(2))
	n.expectClaims("the next commit", true, true)
}

// TestFirstClaimOfADatabaseWritesTheCopy: until then its checkpoint is on one page alone.
func TestFirstClaimOfADatabaseWritesTheCopy(t *testing.T) {
	n := fresh(t)
	n.SyncFailed() // has no page to be noted on
	n.expectOps("before it")
	n.Claim(1)
	n.expectOps("the first commit", metaOn(1))
	n.expectClaims("the first commit", true, false)
	if l := n.load(); !l.Pages[0].Note.Copy || l.Checkpoint.ID != base.EmptySnapshotID || l.Pages[0].Note.LogName != "test.db-log" {
		t.Errorf("checkpoint %d, note %+v", l.Checkpoint.ID, l.Pages[0].Note)
	}
	n.Claim(2)
	n.expectOps("the next commit")
	n.SyncFailed()
	n.expectOps("once the copy is there", noteOn(1))
}

// TestCheckpointClaimsWhatItDoesNotHold: the page that is written first in any case, and the
// second if a commit has begun that the checkpoint does not hold.
func TestCheckpointClaimsWhatItDoesNotHold(t *testing.T) {
	for name, tt := range map[string]struct {
		before        func(n *noted)
		seq           uint64
		all           bool
		first, second bool
		claims        bool // a commit after it writes a claim
	}{
		"it holds all commits":         {func(n *noted) { n.Claim(8) }, 8, false, true, false, true},
		"a commit has begun meanwhile": {func(n *noted) { n.Claim(9) }, 8, false, true, true, false},
		"that commit has failed":       {func(n *noted) { n.Claim(9); n.Unclaim(8) }, 8, false, true, false, true},
		"the log is needed still":      {func(n *noted) { n.Unsettled.Store(true) }, 8, false, true, true, false},
		"nobody can commit": {func(n *noted) {
			n.Claim(9)
			if !n.NothingInLog() {
				t.Error("nothing is claimed")
			}
		}, 8, true, false, false, true},
	} {
		n := stored(t)
		tt.before(n)
		n.r.ops = nil
		n.must(n.store(12, 1, tt.seq, tt.all))
		n.expectOps(name, "sync", metaOn(2), "sync", metaOn(1), "sync")
		n.expectClaims(name, tt.second, tt.first)
		n.Claim(10)
		if tt.claims {
			n.expectOps(name+", and a commit", noteOn(1)) // page 2 is the durable one now
		} else {
			n.expectOps(name + ", and a commit")
		}
	}
}

// TestClaimThatIsPutOff is made once, by ClaimNow or by a commit that can make it, and not after a
// checkpoint that leaves nothing in the log.
func TestClaimThatIsPutOff(t *testing.T) {
	n := stored(t)
	n.ClaimNow()
	n.expectOps("nothing was put off")
	n.ClaimLater(6)
	n.ClaimLater(7)
	n.expectOps("put off")
	if n.NothingInLog() {
		t.Error("claimed before the claim was made")
	}
	n.ClaimNow()
	n.expectOps("made", noteOn(2))
	n.expectClaims("made", true, true)
	n.ClaimNow()
	n.ClaimLater(8)
	n.ClaimNow()
	n.expectOps("made already")

	n = stored(t)
	n.ClaimLater(6)
	n.Claim(7)
	n.expectOps("made by a commit", noteOn(2))
	n.ClaimNow()
	n.expectOps("made by a commit already")

	n = stored(t)
	n.ClaimLater(6)
	n.must(n.store(12, 1, 6, false))
	n.expectClaims("a checkpoint of everything", false, true)
	n.r.ops = nil
	n.ClaimNow()
	n.expectOps("after a checkpoint of everything")

	n = stored(t)
	n.ClaimLater(7)
	n.must(n.store(12, 1, 6, false))
	n.expectClaims("a checkpoint without the newest commit", true, true)
}

// TestDataSynced: both pages have to say so.
func TestDataSynced(t *testing.T) {
	n := stored(t)
	if l := n.load(); !l.DataSynced() {
		t.Error("after a checkpoint that was synced")
	}
	note := *n.load().Pages[1].Note
	note.DataSynced = false
	n.must(n.file.WriteNote(2, note.Encode()))
	if l := n.load(); l.DataSynced() {
		t.Error("though one page says that nothing was synced")
	}
	if l := fresh(t).load(); l.DataSynced() {
		t.Error("with the empty checkpoint alone")
	}
}

// TestWhoMayClaimLater: only with a checkpoint on both pages that was stored with syncs.
func TestWhoMayClaimLater(t *testing.T) {
	n := stored(t)
	if n = begin(t, n.r, n.file); !n.MayClaimLater() {
		t.Error("a pair of pages")
	}
	note := *n.load().Pages[0].Note
	note.DataSynced = false
	n.must(n.file.WriteNote(1, note.Encode()))
	if n = begin(t, n.r, n.file); n.MayClaimLater() {
		t.Error("a pair of pages that were written without syncs")
	}
	if n = fresh(t); n.MayClaimLater() {
		t.Error("the empty checkpoint alone")
	}
	if n = begin(t, n.r, n.file); n.MayClaimLater() {
		t.Error("the empty checkpoint alone, after a reopening")
	}
}

// TestNothingInLogKnowsWhatIsClaimed by the note that counts.
func TestNothingInLogKnowsWhatIsClaimed(t *testing.T) {
	n := stored(t)
	if n.NothingInLog() {
		t.Error("claimed after a checkpoint that holds everything")
	}
	n.Claim(6)
	if !n.NothingInLog() {
		t.Error("not claimed after a commit")
	}
	n.must(n.store(12, 1, 6, true))
	if n.NothingInLog() {
		t.Error("claimed after a checkpoint of everything")
	}
	n.expectClaims("after that", false, false)
}

// TestNotesAreNeverOnTheDurablePage: a loss of power might damage it.
func TestNotesAreNeverOnTheDurablePage(t *testing.T) {
	for name, write := range map[string]func(n *noted){
		"a claim":                    func(n *noted) { n.Claim(100) },
		"a sync that failed":         func(n *noted) { n.SyncFailed() },
		"a sync that failed for all": func(n *noted) { n.NothingSynced() },
	} {
		n := stored(t)
		durable := 1
		for id := base.SnapshotID(12); id < 16; id++ {
			n.r.ops = nil
			write(n)
			n.expectOps(fmt.Sprintf("%s before checkpoint %d", name, id), noteOn(checkpoint.Other(durable)))
			n.must(n.store(id, durable, 100, false))
			durable = checkpoint.Other(durable)
		}
		// Nor after a reopening.
		n = begin(t, n.r, n.file)
		write(n)
		n.expectOps(name+" after a reopening", noteOn(checkpoint.Other(durable)))
	}
}

// TestPagesLeftAloneGetNoNotes: after a failure nobody knows what is on them.
func TestPagesLeftAloneGetNoNotes(t *testing.T) {
	n := stored(t)
	n.LeaveAlone()
	if !n.NothingInLog() {
		t.Error("pages of which nobody knows what they claim count as claiming nothing")
	}
	n.Claim(6)
	n.SyncFailed()
	n.NothingSynced()
	n.expectOps("left alone")
	n.must(n.store(12, 1, 6, false))
	n.r.ops = nil
	n.Claim(7)
	n.expectOps("after another checkpoint", noteOn(1))
}

// TestLongCheckpointLeavesNoRoomForNotes: then the log counts as claimed.
func TestLongCheckpointLeavesNoRoomForNotes(t *testing.T) {
	n := stored(t)
	long := at(12)
	long.Blocks = 1
	blob, err := long.Encode()
	for ; len(blob) <= format.NoteOffset; blob, err = long.Encode() {
		n.must(err)
		long.Levels = append(long.Levels, format.Level{LHS: format.Segment{First: 10, Last: 11, Root: 11, Size: 2}})
	}
	s := checkpoint.Storing{Notes: &n.Notes, Checkpoint: long, Blob: blob, Seq: 5, Durable: 1, All: true, Sync: true}
	_, err = s.Store()
	n.must(err)
	n.r.ops = nil
	n.Claim(6)
	n.SyncFailed()
	n.expectOps("after a long checkpoint")
	if l := n.load(); l.Checkpoint.ID != 12 || l.Checkpoint.Levels == nil || len(l.Notes()) != 0 {
		t.Errorf("checkpoint %d with %d notes", l.Checkpoint.ID, len(l.Notes()))
	}
	if !n.NothingInLog() {
		t.Error("it counts as claiming nothing")
	}
}

// TestSyncThatFailedIsNoted, and whether anything is durable.
func TestSyncThatFailedIsNoted(t *testing.T) {
	for name, tt := range map[string]struct {
		note    func(n *noted)
		suspect bool // pages may be in the cache only
	}{
		"one of a checkpoint":     {func(n *noted) { n.SyncFailed() }, false},
		"one of the pages before": {func(n *noted) { n.NothingSynced() }, true},
		"none":                    {func(*noted) {}, false},
	} {
		n := stored(t)
		tt.note(n)
		if got := n.load().SyncFailed(); got != (name != "none") {
			t.Errorf("%s: failed: %t", name, got)
		}
		again := begin(t, n.r, n.file)
		// The note of the first page says still that its data were synced, which is not so of a copy.
		if again.Suspect() != tt.suspect {
			t.Errorf("%s: suspect: %t, want %t, while the other page says that everything was synced", name, again.Suspect(), tt.suspect)
		}
		note := *n.load().Pages[0].Note
		note.DataSynced = false
		n.must(n.file.WriteNote(1, note.Encode()))
		again = begin(t, n.r, n.file)
		if again.Suspect() != tt.suspect {
			t.Errorf("%s: suspect: %t, want %t", name, again.Suspect(), tt.suspect)
		}
		if !tt.suspect {
			continue
		}
		// It stays so until everything was written again.
		n.must(again.store(12, 1, 6, false))
		if l := n.load(); !l.SyncFailed() || l.Pages[0].Note.DataSynced {
			t.Errorf("%s: forgotten by a checkpoint", name)
		}
		again.Rewritten()
		n.must(again.store(13, 2, 6, false))
		if l := n.load(); again.Suspect() || l.SyncFailed() || !l.Pages[0].Note.DataSynced {
			t.Errorf("%s: not forgotten when everything was written again", name)
		}
	}
}

// TestSyncThatFailedIsNotedForOtherPrograms in files that they have written, without notes: on the page that does not
// count, whatever is there, but not over a checkpoint.
func TestSyncThatFailedIsNotedForOtherPrograms(t *testing.T) {
	for name, tt := range map[string]struct {
		levels int // of the older checkpoint, on page 2; -1 if there is none
		noted  bool
	}{
		"an older checkpoint":      {1, true},
		"a long older checkpoint":  {90, false},
		"only one page is written": {-1, true},
	} {
		r, f := open(t)
		n := &noted{t: t, r: r, file: f}
		newer, older := at(12), at(11)
		older.Blocks = 1
		for range tt.levels {
			older.Levels = append(older.Levels, format.Level{LHS: format.Segment{First: 10, Last: 11, Root: 11, Size: 2}})
		}
		for page, c := range []*format.Checkpoint{newer, older} {
			if page == 1 && tt.levels < 0 {
				continue
			}
			blob, err := c.Encode()
			n.must(err)
			n.must(f.WriteMeta(page+1, blob, nil))
		}
		n = begin(t, r, f)
		n.SyncFailed()
		l := n.load()
		if l.SyncFailed() != tt.noted || l.Checkpoint.ID != 12 || (l.NumValid == 2) != (tt.levels >= 0) {
			t.Errorf("%s: noted: %t, want %t; checkpoint %d, %d pages", name, l.SyncFailed(), tt.noted, l.Checkpoint.ID, l.NumValid)
		}
		if again := begin(t, r, f); again.Suspect() != tt.noted {
			t.Errorf("%s: suspect: %t, want %t", name, again.Suspect(), tt.noted)
		}
	}
}

// TestClaimOfTheFirstPageIsTakenBack when the log is not needed any more.
func TestClaimOfTheFirstPageIsTakenBack(t *testing.T) {
	n := stored(t)
	n.must(n.UnclaimFirst(0, true))
	n.expectOps("of no page")
	n.must(n.UnclaimFirst(1, true))
	n.expectOps("with a sync", noteOn(1), "sync")
	n.expectClaims("after that", false, false)
	n.must(n.UnclaimFirst(1, true))
	n.expectOps("a second time")

	n = stored(t)
	n.must(n.UnclaimFirst(1, false))
	n.expectOps("without a sync", noteOn(1))

	for failAt, unsynced := range map[int]bool{1: false, 2: true} {
		n = stored(t)
		n.r.failAt = failAt
		var failed *checkpoint.SyncError
		if err := n.UnclaimFirst(1, true); !errors.Is(err, errFail) || errors.As(err, &failed) != unsynced {
			t.Errorf("operation %d fails: %v, that of a sync: %t", failAt, err, !unsynced)
		}
	}
}

// TestNotesGoOnWithWhatWasFound: a claim that is there is not written again, and the mark is
// that of the log, else of the notes.
func TestNotesGoOnWithWhatWasFound(t *testing.T) {
	n := stored(t)
	n.Claim(6)
	again := begin(t, n.r, n.file)
	again.Claim(7)
	again.expectOps("of a claim that is there")
	l := n.load()
	mark := func(head *format.LogHead) format.LogMark {
		var k checkpoint.Notes
		n.must(k.Begin(n.file, l, checkpoint.FoundLog{Exists: true, Head: head, Name: func() string { return "" }}))
		return k.Mark()
	}
	if got := mark(nil); got != (format.LogMark{7}) {
		t.Errorf("mark %v, want that of the notes", got)
	}
	if got := mark(&format.LogHead{Mark: format.LogMark{9}}); got != (format.LogMark{9}) {
		t.Errorf("mark %v, want that of the log", got)
	}
}
