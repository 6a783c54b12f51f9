// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Storing is a checkpoint that is being stored, with its notes.
//
// A page that a crash leaves half written is no loss if it can be seen that the other one,
// with the log, is everything. The note of the other page says that. The accepted checkpoint
// has none if another program wrote it, or if a crash cut short the writing of its note. Then
// each page that is to be written says it before, in a note of its own, which is synced; and
// that note stays until the checkpoint on the page is synced, too. See Loaded.Lost.
//
// In an encrypted file a session that was killed may leave a crypto area on a page without its checkpoint. The next
// session may store the very same checkpoint, of pages at the same places with other salts, and a loss of power may
// leave that with the old area, which fits it. So such an area is cleared before the page is written.
type Storing struct {
	Notes      *Notes
	Checkpoint *format.Checkpoint
	Blob       []byte // the checkpoint, encoded
	Seq        uint64 // newest commit that it holds
	Durable    int    // meta page that must not be written first, or 0
	All        bool   // it holds everything, and nobody can commit meanwhile
	Sync       bool
	Half       func() // called when it is durable on the first page, before the other one is written; may be nil
}

// Store stores it on both meta pages, and says how far it has come.
func (s *Storing) Store() (Stage, error) {
	stage, err := store(s.Notes.file, s.Durable, s.Sync, s.write, s.Half)
	if err == nil {
		s.Notes.unmarked = nil
	}
	return stage, err
}

// StoreFirst stores the checkpoint of an empty database on meta page 2 alone, without a
// sync.
func (s *Storing) StoreFirst() error {
	n := s.Notes
	n.unmarked, n.announced = nil, false
	if err := s.write(2, false); err != nil || !n.strangeLog {
		return err
	}
	n.unmarked = n.announcement(format.RefOf(s.Blob), s.Checkpoint.Log, n.logCommits)
	return nil
}

// write puts the checkpoint on a meta page; second says that the other page has it already.
func (s *Storing) write(page int, second bool) error {
	n := s.Notes
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.Sync && n.leftover[page-1] {
		if err := s.writeSynced(func() error { return n.file.ClearMeta(page, crypt.AreaOffset) }); err != nil {
			return err
		}
	}
	n.leftover[page-1] = false
	if !s.Sync || n.unmarked == nil || len(s.Blob) > format.NoteOffset {
		note := s.note(page, second)
		return n.file.WriteMeta(page, s.Blob, note.Encode())
	}
	if second {
		// The note says that the other page holds the checkpoint, before this one does.
		note := s.note(page, second)
		if err := s.writeSynced(func() error { return n.file.WriteNote(page, note.Encode()) }); err != nil {
			return err
		}
		return s.writeCheckpoint(page)
	}
	// Until the checkpoint is durable, this is the note that stands there, also if a sync fails.
	n.page, n.note, n.blob = page, *n.unmarked, nil
	if !n.announced {
		if err := s.writeSynced(func() error { return n.file.WriteNote(page, n.unmarked.Encode()) }); err != nil {
			return err
		}
		n.announced = true
	}
	if err := s.writeSynced(func() error { return s.writeCheckpoint(page) }); err != nil {
		return err
	}
	n.announced = false
	note := s.note(page, second)
	return n.file.WriteNote(page, note.Encode())
}

// writeCheckpoint puts the checkpoint on a meta page whose note is to stay, front last.
func (s *Storing) writeCheckpoint(page int) error {
	file := s.Notes.file
	if err := s.writeSynced(func() error { return file.WriteRest(page, s.Blob) }); err != nil {
		return err
	}
	return file.WriteFront(page, s.Blob)
}

// writeSynced makes durable what write writes.
func (s *Storing) writeSynced(write func() error) error {
	if err := write(); err != nil {
		return err
	}
	if err := s.Notes.file.Sync(); err != nil {
		return &SyncError{err}
	}
	return nil
}

// note makes the note of a page that is about to be written the one to go on from, and
// returns it. The caller has the mutex of the notes.
func (s *Storing) note(page int, second bool) format.Note {
	n := s.Notes
	inUse := !s.All
	if second {
		n.claimed.Store(false)
		n.later = false
		inUse = n.begun.Load() > s.Seq || n.Unsettled.Load()
	}
	n.claimed.Store(inUse)
	n.claiming = inUse
	note := format.Note{
		Copy: second, DataSynced: s.Sync && !n.suspect, LogInUse: inUse, SyncFailed: n.suspect,
		Mark: n.mark, LogName: n.logName(), For: format.RefOf(s.Blob), Log: s.Checkpoint.Log,
	}
	if !second {
		n.first = note
	}
	// What is there now counts no more, even if it is only partly overwritten.
	n.page, n.note, n.blob = page, note, nil
	if len(s.Blob) > format.NoteOffset {
		n.page = 0
		n.claimed.Store(true)
	}
	return note
}
