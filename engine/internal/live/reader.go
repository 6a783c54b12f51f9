// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

const (
	// attachTries is how often Attach tries while checkpoints are made.
	attachTries = 16
	// pageTries is how often the page is read while it is written.
	pageTries = 16
)

// ReaderConfig is what a Reader works with.
type ReaderConfig struct {
	Locks vfs.RangeLocker // the handle that reads the database file
	Page  io.ReaderAt     // NAME-live
	// Find reads both meta pages, and reports whether one of them holds checkpoint n. What it has read of
	// that one is used only if Attach succeeds.
	Find func(n base.SnapshotID) (bool, error)
}

// Reader is the side of a process that reads. All methods may be called from any goroutine.
type Reader struct {
	ReaderConfig
	tries int

	mu   sync.Mutex
	pins map[base.SnapshotID]int // how many Holds share a lock
}

// NewReader returns a Reader that holds on to nothing.
func NewReader(c ReaderConfig) *Reader {
	return &Reader{ReaderConfig: c, tries: attachTries, pins: make(map[base.SnapshotID]int)}
}

// Hold keeps the blocks of one checkpoint from being used again, for as long as its writer lives and honours it.
type Hold struct {
	Page Page // as it was when the checkpoint was attached to
	r    *Reader
}

// Read reads the page. The error matches ErrNoWriter if there is none, or none that can be read, which its writer has
// left, and ErrAgain if it is written all the time. What it says counts only if LIFE was seen held after that.
//
// A slot that is not whole may be one that was written while the file was read. Then the other slot may have been
// written, too, after it was read, and what was read of it is older than what the page said when Read was called. So
// it counts only if nothing has changed when the file is read again: the writer has stopped in the middle, or died.
func (r *Reader) Read() (Page, error) {
	var b, before [PageBytes]byte
	for range pageTries {
		n, err := r.Page.ReadAt(b[:], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return Page{}, fmt.Errorf("read what may be seen: %w", err)
		}
		if n == 0 {
			return Page{}, ErrNoWriter // which is about to write it
		}
		p, whole, err := decode(b[:n])
		switch {
		case err == nil && (whole || b == before):
			return p, nil
		case err != nil && !errors.Is(err, ErrTorn):
			return Page{}, err
		}
		before = b
	}
	// Of which run is not known; all that matters is whether there is a writer at all.
	_, held, err := r.Locks.RangeLocked(lifeByte, numSalts<<idBits, vfs.Shared)
	if err != nil {
		return Page{}, fmt.Errorf("look for the writer: %w", err)
	}
	if !held {
		return Page{}, ErrNoWriter
	}
	return Page{}, ErrAgain
}

// Attach holds on to the newest checkpoint (R1), besides others that are held. The error matches ErrNoWriter if no
// writer lets others read, or not any more, and ErrAgain if there was another checkpoint at each attempt.
func (r *Reader) Attach() (*Hold, error) {
	for range r.tries {
		page, err := r.Read()
		if err != nil {
			return nil, err
		}
		h, again, err := r.attachTo(page)
		if err != nil || !again {
			return h, err
		}
	}
	return nil, ErrAgain
}

// attachTo holds on to the checkpoint that the page says. It reports whether that is another one now.
func (r *Reader) attachTo(page Page) (h *Hold, again bool, err error) {
	h = &Hold{Page: page, r: r}
	id := page.Checkpoint.ID
	if err := r.pin(id); err != nil {
		return nil, false, err
	}
	found, err := r.Find(id)
	same := false
	if err == nil {
		same, err = h.refresh()
	}
	alive := false
	if err == nil {
		alive, err = h.Alive()
	}
	if err == nil && found && same && alive {
		return h, false, nil
	}
	err = errors.Join(err, h.Release())
	if err == nil && !alive && same {
		err = ErrNoWriter
	}
	return nil, err == nil, err
}

// refresh reads the page again, and reports whether it says the same checkpoint.
func (h *Hold) refresh() (same bool, err error) {
	page, err := h.r.Read()
	if err != nil {
		return false, err
	}
	same = page.Run == h.Page.Run && page.Checkpoint == h.Page.Checkpoint
	if same {
		h.Page = page
	}
	return same, nil
}

// Alive reports whether the writer of the checkpoint lives and honours it (R2): all that was read before the call was
// not overwritten.
func (h *Hold) Alive() (bool, error) {
	_, held, err := h.r.Locks.RangeLocked(lifeOf(h.Page.Salt, h.Page.Checkpoint.ID), 1, vfs.Shared)
	if err != nil {
		return false, fmt.Errorf("look for the writer: %w", err)
	}
	return held, nil
}

// RunLives reports whether the writer of the checkpoint lives and lets others read, whatever it honours.
func (h *Hold) RunLives() (bool, error) {
	_, held, err := h.r.Locks.RangeLocked(lifeOf(h.Page.Salt, MaxID), 1, vfs.Shared)
	if err != nil {
		return false, fmt.Errorf("look for the writer: %w", err)
	}
	return held, nil
}

// Intact reports whether what was read of the log from a place with that number on was not overwritten meanwhile
// (R3).
func (h *Hold) Intact(stream int64) (bool, error) {
	page, err := h.r.Read()
	if err != nil {
		return false, err
	}
	if page.Run != h.Page.Run || page.Checkpoint.At.Stream > stream {
		return false, nil
	}
	return h.Alive()
}

// Release lets the checkpoint go. It is called once.
func (h *Hold) Release() error { return h.r.unpin(h.Page.Checkpoint.ID) }

// pin locks PIN(n), for one more Hold.
func (r *Reader) pin(id base.SnapshotID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pins[id] == 0 {
		if err := r.Locks.LockRange(pinOf(id), 1, vfs.Shared); err != nil {
			return fmt.Errorf("hold on to checkpoint %d: %w", id, err)
		}
	}
	r.pins[id]++
	return nil
}

// unpin gives that back.
func (r *Reader) unpin(id base.SnapshotID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pins[id]--; r.pins[id] > 0 {
		return nil
	}
	delete(r.pins, id)
	if err := r.Locks.LockRange(pinOf(id), 1, vfs.Unlock); err != nil {
		return fmt.Errorf("let checkpoint %d go: %w", id, err)
	}
	return nil
}
