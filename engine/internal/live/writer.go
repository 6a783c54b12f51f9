// SPDX-License-Identifier: Apache-2.0

package live

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// WriterConfig is what a Writer works with.
type WriterConfig struct {
	Locks vfs.RangeLocker // the handle that writes the database file
	Page  io.WriterAt     // NAME-live
	Salt  uint32          // see Salt
	// Hold is how long a pin may be in the way of using space again; 0: as long as it is held.
	Hold time.Duration
	// Failed is called with the error that has ended a run, see W6. It may be nil, and calls no method of the Writer.
	Failed func(error)
}

// Writer is the side of the process that writes. All methods may be called from any goroutine, in the order that the
// rules say.
type Writer struct {
	WriterConfig
	mu     sync.Locker // guards what follows; only locks of the file are taken, and the page written, under it
	now    func() time.Time
	random io.Reader

	page  Page
	buf   [SlotBytes]byte
	rest  uint64          // sum of what buf holds apart from what a commit changes
	first base.SnapshotID // F; 0 if LIFE is not held
	ended bool
	inWay map[base.SnapshotID]time.Time // when a pin was first found to be in the way
}

// NewWriter returns a Writer that lets nobody read yet.
func NewWriter(c WriterConfig) *Writer {
	return &Writer{WriterConfig: c, mu: new(sync.Mutex), now: time.Now, random: rand.Reader}
}

// Salt returns the salt of the next run. before is what NAME-live holds: the page of the last run, whose salt is not
// to come again while one of its readers is there, or nothing that can be read.
func Salt(before []byte) (uint32, error) {
	if p, err := Decode(before); err == nil {
		return nextSalt(p.Salt), nil
	}
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b[:]) % numSalts, nil
}

func nextSalt(salt uint32) uint32 { return (salt + 1) % numSalts }

// LockWriter locks the byte that says which process writes.
func LockWriter(locks vfs.RangeLocker, pid int) error {
	if pid < 0 || pid > maxPID {
		return nil
	}
	return locks.LockRange(writerByte+int64(pid), 1, vfs.Exclusive)
}

// FindWriter returns the process that writes, if it is known. The number is that of its own namespace.
func FindWriter(locks vfs.RangeLocker) (pid int, known bool) {
	found, held, err := locks.RangeLocked(writerByte, maxPID+1, vfs.Shared)
	if err != nil || !held || found.Len != 1 {
		return 0, false
	}
	return int(found.Off - writerByte), true
}

// Begin lets others read from here on (W3): recovery is done, the newest checkpoint is on both meta pages, and the log
// goes on at end, after commit seq.
func (w *Writer) Begin(seq uint64, end wal.Place, newest Checkpoint) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.page.Seq, w.page.End = seq, end
	return w.begin(newest)
}

// begin makes a new run, which ends the one before.
func (w *Writer) begin(newest Checkpoint) error {
	if newest.ID > MaxID {
		return fmt.Errorf("checkpoint %d: others can read the database up to %d only", newest.ID, MaxID)
	}
	w.page.Checkpoint, w.page.Salt = newest, w.Salt
	if _, err := io.ReadFull(w.random, w.page.Run[:]); err != nil {
		return err
	}
	w.rest = w.page.encodeRest(&w.buf)
	w.Salt = nextSalt(w.Salt)
	for range 2 { // nothing of an earlier run is left
		if err := w.write(); err != nil {
			return err
		}
	}
	return w.beLive()
}

// beLive locks LIFE from the newest checkpoint on.
func (w *Writer) beLive() error {
	id := w.page.Checkpoint.ID
	if err := w.Locks.LockRange(lifeOf(w.page.Salt, id), int64(MaxID-id)+1, vfs.Exclusive); err != nil {
		return fmt.Errorf("lock for readers: %w", err)
	}
	w.first, w.inWay = id, nil
	return nil
}

// Live reports whether others may read.
func (w *Writer) Live() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first > 0
}

// Committed says that what is before end may be seen, up to commit seq (W2).
func (w *Writer) Committed(seq uint64, end wal.Place) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || end.Stream < w.page.End.Stream {
		return
	}
	w.page.Seq, w.page.End = seq, end
	if w.first == 0 {
		return
	}
	if err := w.write(); err != nil {
		w.fail(err)
	}
}

// Stored says that a checkpoint is durable on a meta page, before it counts as synced (W2). A writer that lets nobody
// read begins another run with it.
func (w *Writer) Stored(newest Checkpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || w.first > 0 && newest.ID <= w.page.Checkpoint.ID {
		return
	}
	if newest.ID > MaxID {
		w.fail(fmt.Errorf("checkpoint %d: others can read the database up to %d only", newest.ID, MaxID))
		return
	}
	if w.first == 0 {
		if w.begin(newest) != nil {
			w.first = 0
		}
		return
	}
	w.page.Checkpoint = newest
	w.rest = w.page.encodeRest(&w.buf)
	if err := w.write(); err != nil {
		w.fail(err)
	}
}

// write writes the page, to the slot that does not hold the one before.
func (w *Writer) write() error {
	w.page.Written++
	w.page.encodeCommit(&w.buf, w.rest)
	if _, err := w.Page.WriteAt(w.buf[:], w.page.slot()); err != nil {
		return fmt.Errorf("write what others may read: %w", err)
	}
	return nil
}

// fail ends the run (W6).
func (w *Writer) fail(err error) {
	if unlock := w.release(); unlock != nil {
		err = errors.Join(err, unlock)
	}
	if w.Failed != nil {
		w.Failed(err)
	}
}

// release releases LIFE. If that fails, which nothing can cause but a broken file system, pins are honoured further.
func (w *Writer) release() error {
	if w.first == 0 {
		return nil
	}
	if err := w.Locks.LockRange(lifeOf(w.page.Salt, w.first), int64(MaxID-w.first)+1, vfs.Unlock); err != nil {
		return err
	}
	w.first, w.inWay = 0, nil
	return nil
}

// End lets nobody read any more, and reports whether another process still has a pin (W4): then nothing is to be cut
// off or removed, NAME-live included, from which the next run learns which salt not to take.
func (w *Writer) End() (pinned bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if err := w.release(); err != nil {
		return true, err
	}
	return w.anyPin()
}

// anyPin reports whether there is any pin.
func (w *Writer) anyPin() (bool, error) {
	_, held, err := w.Locks.RangeLocked(pinByte, int64(MaxID)+1, vfs.Exclusive)
	return held || err != nil, err
}
