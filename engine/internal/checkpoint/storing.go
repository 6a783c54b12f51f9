// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// Storing is a checkpoint that is being stored, with its notes.
type Storing struct {
	Notes      *Notes
	Checkpoint *format.Checkpoint
	Blob       []byte // the checkpoint, encoded
	Seq        uint64 // newest commit that it holds
	Durable    int    // meta page that must not be written first, or 0
	All        bool   // it holds everything, and nobody can commit meanwhile
	Sync       bool
}

// Store stores it on both meta pages, and says how far it has come.
func (s *Storing) Store() (Stage, error) {
	return store(s.Notes.file, s.Durable, s.Sync, s.write)
}

// StoreFirst stores the checkpoint of an empty database on meta page 2 alone, without a
// sync.
func (s *Storing) StoreFirst() error { return s.write(2, false) }

// write puts the checkpoint on a meta page; second says that the other page has it already.
func (s *Storing) write(page int, second bool) error {
	n := s.Notes
	n.mu.Lock()
	defer n.mu.Unlock()
	inUse := !s.All
	if second {
		n.claimed.Store(false)
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
	return n.file.WriteMeta(page, s.Blob, note.Encode())
}
