// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// Notes keeps the notes of the meta pages (see format.Note).
//
// A note claims that the log holds commits that its checkpoint does not. While a checkpoint
// is being stored, the first page claims it in any case; the second one, which counts as
// soon as it is there, only if it is so. Later it is set by one small write before the first
// such commit goes to the log, and nothing is written for the commits after that. It does not
// have to be durable: it is for a program that opens a copy of the file that was made without
// its log, and for the same file under another name.
//
// Notes are never written to the page that is known to be durable: a loss of power might damage
// them there.
type Notes struct {
	// Unsettled says that the log that was found is still needed: what it holds could not be
	// brought into the file when it was opened, because the disk was full.
	Unsettled atomic.Bool

	file    *blockfile.File
	secret  *Secret       // nil for a file in clear
	logName func() string // of the log, without its folder

	// begun is the number of the newest commit that has begun to go to the log. The writer
	// stores it before it looks at claimed, and a checkpoint clears claimed before it looks
	// at begun, so that one of the two sees the other.
	begun   atomic.Uint64
	claimed atomic.Bool // the note that counts has the claim, or there is no place for one
	synced  bool        // both meta pages held the accepted checkpoint when the notes began, of a session that syncs

	mu   sched.Mutex
	page int         // meta page whose note may be written; 0: none
	note format.Note // that is there, or will be there
	// claiming says that a claim was written, whether that succeeded or not.
	claiming bool
	later    bool // a claim is due once the name of the log is durable; see ClaimLater
	// first is the note of the page that was written first.
	first format.Note
	// blob is the checkpoint of that page if it has not been written yet.
	blob []byte
	// suspect says that pages of the file may be in the cache only, though a sync has
	// succeeded since they were written.
	suspect bool
	mark    format.LogMark // of the log in use
	// unmarked is what to announce before a page is overwritten, as long as nothing else shows
	// that the accepted checkpoint is the newest: no note that belongs to it, or no log of the
	// session that has stored it; else nil. See Storing.
	unmarked *format.Note
	// strangeLog says that the log that was found does not begin as those of lsmlite do, and
	// logCommits that it holds transactions that the accepted checkpoint does not.
	strangeLog, logCommits bool
	announced              bool // it stands on the page that is to be written first
	// leftover says of each page that it may hold a crypto area without its checkpoint: see Storing.
	leftover [2]bool
}

// SetSecret says how the meta pages of an encrypted file are made. It must be called before Begin.
func (n *Notes) SetSecret(s *Secret) { n.secret = s }

// Keys returns the keys of an encrypted file, else nil.
func (n *Notes) Keys() *crypt.Keys { return n.secret.Keys() }

// Encode returns what is at the front of a meta page with a checkpoint; see Secret.
func (n *Notes) Encode(c *format.Checkpoint) ([]byte, error) { return n.secret.Encode(c) }

// FoundLog is what is known of the log when a database is opened.
type FoundLog struct {
	Exists  bool
	Head    *format.LogHead // what it begins with, or nil
	Commits bool            // it holds transactions that the accepted checkpoint does not
	Name    func() string   // returns its name without its folder, also later
}

// Begin makes the notes that were found the ones to go on from.
func (n *Notes) Begin(file *blockfile.File, l *Loaded, log FoundLog) error {
	n.file, n.logName = file, log.Name
	n.strangeLog, n.logCommits = log.Exists && log.Head == nil, log.Commits
	n.claimed.Store(true)
	synced, doubted := false, false
	for _, note := range l.Notes() {
		n.mark, synced = note.Mark, synced || note.DataSynced
		doubted = doubted || note.SyncFailed && !note.DataSynced // NothingSynced writes one note of two
	}
	if log.Head != nil {
		n.mark = log.Head.Mark
	}
	n.suspect = l.SyncFailed() && (doubted || !synced)
	for i := range l.Pages {
		p := &l.Pages[i]
		n.leftover[i] = n.secret != nil && p.Checkpoint == nil && !format.AllZero(p.raw[crypt.AreaOffset:format.NoteOffset])
	}
	if l.Checkpoint == nil {
		return nil
	}
	if x := &l.Pages[l.Meta-1]; !x.Ours || n.strangeLog || !log.Exists {
		n.unmarked = n.announcement(x.Ref, l.Checkpoint.Log, log.Commits)
		there := l.Pages[Other(l.Durable())-1].Note
		n.announced = there != nil && there.For == x.Ref
	}
	page := Other(l.Durable())
	switch p := &l.Pages[page-1]; {
	case l.OnlyEmpty() && l.Ours():
		return n.CopyLater(l.Checkpoint)
	case l.Pair():
		n.page, n.note, n.synced = page, *p.Note, l.DataSynced()
		n.first = *l.Pages[l.Durable()-1].Note
		n.claimed.Store(p.Note.LogInUse)
	case p.Checkpoint != nil && format.CheckpointSize(p.raw) > format.NoteOffset:
		// A note would damage it, and it may be the durable one.
	case p.Checkpoint != nil:
		n.page = page // for whether a sync has failed, not for claims
		if p.Note != nil {
			n.note = *p.Note
		}
	case p.Note != nil:
		n.page, n.note = page, *p.Note // what it says of the damaged checkpoint stays
	case !l.Ours():
		n.page, n.note = page, *n.unmarked // C lsm1 may never have written that page
	}
	return nil
}

// announcement returns the note that says, before a page is overwritten, what the accepted checkpoint and the log are:
// see Storing. It is a claim, too, if the page should turn out to hold that checkpoint, so it names the log.
func (n *Notes) announcement(accepted format.CheckpointRef, at format.LogPos, inUse bool) *format.Note {
	note := &format.Note{For: accepted, Log: at, SyncFailed: n.suspect, LogInUse: inUse}
	if inUse {
		note.Mark, note.LogName = n.mark, n.logName()
	}
	return note
}

// CopyLater makes the first claim of a database, of which only the empty checkpoint on page
// 2 was ever stored, write that to page 1 as well.
func (n *Notes) CopyLater(c *format.Checkpoint) (err error) {
	if n.blob, err = n.secret.Encode(c); err != nil {
		return err
	}
	n.page, n.note = 1, format.Note{Copy: true, For: format.RefOf(n.blob), Log: c.Log}
	n.claimed.Store(false)
	return nil
}

// Mark returns the mark of the log in use. The caller has the writer's turn.
func (n *Notes) Mark() format.LogMark { return n.mark }

// SetMark makes m the mark of a log that begins. Nobody else uses the database yet.
func (n *Notes) SetMark(m format.LogMark) { n.mark = m }

// Claim makes the note say that the log is in use, before commit seq goes to it. If that
// cannot be written, the commit is none the worse for it, and the next one tries again. The
// caller has the writer's turn.
func (n *Notes) Claim(seq uint64) {
	n.begun.Store(seq)
	if n.claimed.Load() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claim()
}

// claim writes a claim, unless there is one. The caller has the mutex.
func (n *Notes) claim() {
	n.later = false
	if n.claimed.Load() {
		return
	}
	note := n.note
	note.LogInUse, note.Mark, note.LogName = true, n.mark, n.logName()
	n.claiming = true
	if n.write(note) == nil {
		n.claimed.Store(true)
	}
}

// MayClaimLater reports whether commits may go to the log before a note says so: nothing but the log
// is needed to open the database with them, and without it both meta pages lead to what was there
// before. The session that has stored them has made the name of the database durable.
func (n *Notes) MayClaimLater() bool { return n.synced }

// ClaimLater is Claim as long as the name of the log is not durable: a loss of power may take the log
// then, and a claim that stays would keep the database from being opened. So the claim is made by
// ClaimNow. The caller has the writer's turn.
func (n *Notes) ClaimLater(seq uint64) {
	n.begun.Store(seq)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.later = !n.claimed.Load()
}

// ClaimNow makes the claim that ClaimLater has put off, unless a checkpoint was stored since. The name
// of the log is durable. Any goroutine may call it.
func (n *Notes) ClaimNow() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.later {
		n.claim()
	}
}

// Unclaim takes back what Claim has noted of a commit that failed. The caller has the
// writer's turn, and seq is the newest commit.
func (n *Notes) Unclaim(seq uint64) { n.begun.Store(seq) }

// NothingInLog notes that the log holds nothing that the levels do not, and that nobody can
// commit. It reports whether a note that counts claims, or may claim, the contrary.
func (n *Notes) NothingInLog() (claimed bool) {
	n.begun.Store(0)
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.claimed.Load() || n.claiming
}

// UnclaimFirst takes back the claim of the page that was written first, when both hold the
// newest checkpoint durably, and the log is not needed any more. A sync that fails is a
// SyncError.
func (n *Notes) UnclaimFirst(page int, sync bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if page == 0 || !n.first.LogInUse {
		return nil
	}
	n.first.LogInUse = false
	if err := n.file.WriteNote(page, n.first.Encode()); err != nil || !sync {
		return err
	}
	if err := n.file.Sync(); err != nil {
		return &SyncError{err}
	}
	return nil
}

// LeaveAlone says that there is no page any more whose note may be written.
func (n *Notes) LeaveAlone() {
	n.mu.Lock()
	n.page = 0
	n.claimed.Store(true)
	n.mu.Unlock()
}

// SyncFailed writes into the note that a sync has failed, as well as it can: the next
// session reads it from the same cache as what was not written.
func (n *Notes) SyncFailed() { n.syncFailed(func(*format.Note) {}) }

// NothingSynced is SyncFailed for a sync after which no page of the file is known to be
// durable any more.
func (n *Notes) NothingSynced() { n.syncFailed(func(note *format.Note) { note.DataSynced = false }) }

func (n *Notes) syncFailed(more func(*format.Note)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page == 0 || n.blob != nil {
		return
	}
	note := n.note
	note.SyncFailed = true
	more(&note)
	_ = n.write(note)
}

// SyncBegins notes that a sync has failed, before it is tried, where pages of a session without syncs are to become
// durable: a process that is killed when the sync has failed notes nothing any more. It reports whether it has, which
// SyncEnded takes back. While a checkpoint is on one page only, it leaves that page the durable one: see Durable.
func (n *Notes) SyncBegins() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page == 0 || n.blob != nil || !n.note.Copy || n.note.DataSynced || n.note.SyncFailed {
		return false
	}
	note := n.note
	note.SyncFailed = true
	return n.write(note) == nil
}

// SyncEnded takes back what SyncBegins has noted. The note has to be synced, too.
func (n *Notes) SyncEnded() {
	n.mu.Lock()
	defer n.mu.Unlock()
	note := n.note
	note.SyncFailed = false
	_ = n.write(note)
}

// Suspect reports whether pages of the file may be in the cache only, though a sync has
// succeeded since they were written.
func (n *Notes) Suspect() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.suspect
}

// Rewritten notes that all pages were written again, to other blocks.
func (n *Notes) Rewritten() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.suspect = false
}

// write writes a note in place of the one there is. The caller has the mutex.
func (n *Notes) write(note format.Note) (err error) {
	switch {
	case n.page == 0:
	case n.blob != nil:
		err = n.file.WriteMeta(n.page, n.blob, note.Encode())
	default:
		err = n.file.WriteNote(n.page, note.Encode())
	}
	if err == nil {
		n.note, n.blob = note, nil
	}
	return err
}
