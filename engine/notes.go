package engine

import (
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
)

// notes keeps the notes of the meta pages (see format.Note).
//
// A note claims that the log holds commits that its checkpoint does not. While a checkpoint
// is being stored, the first page claims it in any case; the second one, which counts as
// soon as it is there, only if it is so. Later it is set by one small write before the first
// such commit goes to the log, and nothing is written for the commits after that. It need
// not be durable: it is for a program that opens a copy of the file that was made without its log,
// and for the same file under another name.
//
// Notes are never written to the page that is known to be durable: a loss of power might
// spoil them there.
type notes struct {
	// begun is the number of the newest commit that has begun to go to the log. The writer
	// stores it before it looks at claimed, and a checkpoint clears claimed before it looks
	// at begun, so that one of the two sees the other.
	begun   atomic.Uint64
	claimed atomic.Bool // the note that counts has the claim, or there is no place for one

	mu   sync.Mutex
	page int         // meta page whose note may be written; 0: none
	note format.Note // that stands there, or is to stand there
	// claiming says that a claim was written, whether that succeeded or not.
	claiming bool
	// first is the note of the page that was written first.
	first format.Note
	// blob is the checkpoint of that page if it has not been written yet.
	blob []byte
	// suspect says that pages of the file may be in the cache only, though a sync has
	// succeeded since they were written.
	suspect bool
	mark    format.LogMark // of the log in use
}

// claim makes the note say that the log is in use, before commit seq goes to it. If that
// cannot be written, the commit is none the worse for it, and the next one tries again. The
// caller has the writer's turn.
func (db *DB) claim(seq uint64) {
	n := &db.notes
	n.begun.Store(seq)
	if n.claimed.Load() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.claimed.Load() {
		return
	}
	note := n.note
	note.LogInUse, note.Mark, note.LogName = true, n.mark, db.files.LogName()
	n.claiming = true
	if db.writeNote(note) == nil {
		n.claimed.Store(true)
	}
}

// writeNote writes a note in place of the one there is. The caller has the mutex.
func (db *DB) writeNote(note format.Note) (err error) {
	n := &db.notes
	switch {
	case n.page == 0:
	case n.blob != nil:
		err = db.bf.WriteMeta(n.page, n.blob, note.Encode())
	default:
		err = db.bf.WriteNote(n.page, note.Encode())
	}
	if err == nil {
		n.note, n.blob = note, nil
	}
	return err
}

// unclaim takes back what claim has noted of a commit that failed. The caller has the
// writer's turn, and seq is the newest commit.
func (n *notes) unclaim(seq uint64) { n.begun.Store(seq) }

// metaWriter puts one checkpoint on the meta pages.
type metaWriter struct {
	db *DB
	exported
	blob []byte
	sync bool // pages are synced before it is written
}

// write puts the checkpoint on a meta page; second says that the other page has it already.
func (w *metaWriter) write(page int, second bool) error {
	n := &w.db.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	inUse := !w.all
	if second {
		n.claimed.Store(false)
		inUse = n.begun.Load() > w.Seq || w.db.unsettled.Load()
	}
	n.claimed.Store(inUse)
	n.claiming = inUse
	note := format.Note{
		Copy: second, DataSynced: w.sync && !n.suspect, LogInUse: inUse, SyncFailed: n.suspect,
		Mark: n.mark, LogName: w.db.files.LogName(), For: format.RefOf(w.blob), Log: w.Checkpoint.Log,
	}
	if !second {
		n.first = note
	}
	// What is there now counts no more, even if it is written over by halves only.
	n.page, n.note, n.blob = page, note, nil
	if len(w.blob) > format.NoteOffset {
		n.page = 0
		n.claimed.Store(true)
	}
	return w.db.bf.WriteMeta(page, w.blob, note.Encode())
}

// hasClaim reports whether a note that counts has, or may have, the claim.
func (n *notes) hasClaim() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.claimed.Load() || n.claiming
}

// unclaimFirst takes back the claim of the page that was written first, when both hold the
// newest checkpoint durably, and the log is not needed any more.
func (db *DB) unclaimFirst(page int) error {
	n := &db.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if page == 0 || !n.first.LogInUse {
		return nil
	}
	n.first.LogInUse = false
	if err := db.bf.WriteNote(page, n.first.Encode()); err != nil {
		return err
	}
	if db.opts.now().Safety == SafetyOff {
		return nil
	}
	if err := db.bf.Sync(); err != nil {
		n.mu.Unlock()
		defer n.mu.Lock()
		return db.poison(err)
	}
	return nil
}

// leaveAlone says that there is no page any more whose note may be written.
func (n *notes) leaveAlone() {
	n.mu.Lock()
	n.page = 0
	n.claimed.Store(true)
	n.mu.Unlock()
}

// noteSyncFailed writes into the note that a sync has failed, as well as it can: the next
// session reads it from the same cache as what was not written. With everything, no page of
// the file is known to be durable any more.
func (db *DB) noteSyncFailed(everything bool) {
	n := &db.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page == 0 || n.blob != nil {
		return
	}
	note := n.note
	note.SyncFailed = true
	note.DataSynced = note.DataSynced && !everything
	_ = db.writeNote(note)
}

// exported is a checkpoint that is to be stored.
type exported struct {
	ledger.Export
	all bool // it holds everything, and nobody can commit meanwhile
}

// logHead returns what the log begins with. The writer calls it.
func (db *DB) logHead() format.LogHead {
	return format.LogHead{Mark: db.notes.mark, Base: db.ledger.Stored().Ref}
}

// takeNotes makes the notes that were found the ones to go on from.
func (db *DB) takeNotes(l *checkpoint.Loaded, head *format.LogHead) error {
	n := &db.notes
	n.claimed.Store(true)
	synced := false
	for _, note := range l.Notes() {
		n.mark, synced = note.Mark, synced || note.DataSynced
	}
	if head != nil {
		n.mark = head.Mark
	}
	n.suspect = l.SyncFailed() && !synced
	if l.Checkpoint == nil {
		return nil
	}
	page := checkpoint.Other(l.Durable())
	switch p := &l.Pages[page-1]; {
	case db.onlyEmpty(l) && l.Ours():
		return db.copyLater(l.Checkpoint)
	case l.Pair():
		n.page, n.note = page, *p.Note
		n.first = *l.Pages[l.Durable()-1].Note
		n.claimed.Store(p.Note.LogInUse)
	case p.Checkpoint != nil:
		n.page = page // for whether a sync has failed, not for claims
		if p.Note != nil {
			n.note = *p.Note
		}
	}
	return nil
}

// copyLater makes the first claim of a database, of which only the empty checkpoint on page
// 2 was ever stored, write that to page 1 as well.
func (db *DB) copyLater(c *format.Checkpoint) (err error) {
	n := &db.notes
	if n.blob, err = c.Encode(); err != nil {
		return err
	}
	n.page, n.note = 1, format.Note{Copy: true, For: format.RefOf(n.blob), Log: c.Log}
	n.claimed.Store(false)
	return nil
}
