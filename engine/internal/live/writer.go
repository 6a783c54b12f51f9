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
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// WriterConfig is what a Writer works with.
type WriterConfig struct {
	Locks vfs.RangeLocker // the handle that writes the database file
	Page  io.WriterAt     // NAME-live
	Salt  uint32          // see Salt
	// Mutex guards what the Writer knows. All methods take it, apart from Committed, whose caller has it: a commit
	// takes one lock, not two, if this is the one under which it is shown to readers of this process. A method that
	// has it takes locks of the file and writes the page, no more. nil: one of its own, for a single goroutine.
	Mutex sync.Locker
	// Hold is how long a pin may be in the way of using space again; 0: as long as it is held.
	Hold time.Duration
	// Failed is called by Stored with the error that has ended a run, see W6, without the mutex. nil: nobody is told.
	Failed func(error)
}

// Writer is the side of the process that writes. All methods may be called from any goroutine, in the order that the
// rules say, and Committed with the mutex.
type Writer struct {
	WriterConfig

	// What each commit uses, close together. buf is the page.
	ended   bool
	first   base.SnapshotID // F; 0 if LIFE is not held
	stream  int64           // where the log ends that buf shows
	written uint64          // of buf
	rest    uint64          // sum of what buf holds apart from what a commit changes
	buf     [SlotBytes]byte

	run    [16]byte
	salt   uint32 // of the LIFE that is held, or was
	newest Checkpoint
	inWay  map[base.SnapshotID]time.Time // when a pin was first found to be in the way
	now    func() time.Time
	random io.Reader
}

// NewWriter returns a Writer that lets nobody read yet.
func NewWriter(c WriterConfig) *Writer {
	if c.Mutex == nil {
		c.Mutex = new(sync.Mutex)
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	return &Writer{WriterConfig: c, now: time.Now, random: rand.Reader}
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
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
	w.show(seq, &end)
	return w.begin(newest)
}

// begin makes a new run, which ends the one before.
func (w *Writer) begin(newest Checkpoint) error {
	if newest.ID > MaxID {
		return fmt.Errorf("checkpoint %d: others can read the database up to %d only", newest.ID, MaxID)
	}
	if _, err := io.ReadFull(w.random, w.run[:]); err != nil {
		return err
	}
	w.salt, w.Salt = w.Salt, nextSalt(w.Salt)
	for range 2 { // nothing of an earlier run is left
		if err := w.showCheckpoint(newest); err != nil {
			return err
		}
	}
	return w.beLive()
}

// beLive locks LIFE from the newest checkpoint on.
func (w *Writer) beLive() error {
	id := w.newest.ID
	if err := w.Locks.LockRange(lifeOf(w.salt, id), int64(MaxID-id)+1, vfs.Exclusive); err != nil {
		return fmt.Errorf("lock for readers: %w", err)
	}
	w.first, w.inWay = id, nil
	return nil
}

// Live reports whether others may read.
func (w *Writer) Live() bool {
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
	return w.first > 0
}

// Committed says that what is before end may be seen, up to commit seq (W2). The caller has the mutex. It returns the
// error that has ended the run (W6).
func (w *Writer) Committed(seq uint64, end *wal.Place) error {
	if w.ended || end.Stream < w.stream {
		return nil
	}
	w.show(seq, end)
	if w.first == 0 || mutant.Is(mutant.OthersToldLate) && seq%2 == 0 {
		return nil
	}
	if err := w.write(); err != nil {
		return w.fail(err)
	}
	return nil
}

// Stored says that a checkpoint is durable on a meta page, before it counts as synced (W2). A writer that lets nobody
// read begins another run with it.
func (w *Writer) Stored(newest Checkpoint) {
	if err := w.stored(newest); err != nil {
		w.Failed(err)
	}
}

func (w *Writer) stored(newest Checkpoint) error {
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
	if w.ended || w.first > 0 && newest.ID <= w.newest.ID {
		return nil
	}
	if newest.ID > MaxID {
		return w.fail(fmt.Errorf("checkpoint %d: others can read the database up to %d only", newest.ID, MaxID))
	}
	if w.first == 0 {
		if w.begin(newest) != nil {
			w.first = 0
		}
		return nil
	}
	if err := w.showCheckpoint(newest); err != nil {
		return w.fail(err)
	}
	return nil
}

// show puts the newest commit into the page.
func (w *Writer) show(seq uint64, end *wal.Place) {
	w.stream = end.Stream
	w.written++
	encodeCommit(&w.buf, seq, end, w.written, w.rest)
}

// showCheckpoint puts the newest checkpoint into the page, and writes it.
func (w *Writer) showCheckpoint(newest Checkpoint) error {
	w.newest = newest
	p := Page{Run: w.run, Salt: w.salt, Checkpoint: newest}
	w.rest = p.encodeRest(&w.buf)
	w.written++
	encodeWritten(&w.buf, w.written)
	return w.write()
}

// write writes the page, to the slot that does not hold the one before.
func (w *Writer) write() error {
	if _, err := w.Page.WriteAt(w.buf[:], slotOf(w.written)); err != nil {
		return fmt.Errorf("write what others may read: %w", err)
	}
	return nil
}

// fail ends the run (W6), and returns why.
func (w *Writer) fail(err error) error {
	if unlock := w.release(); unlock != nil {
		err = errors.Join(err, unlock)
	}
	return err
}

// release releases LIFE. If that fails, which nothing can cause but a broken file system, pins are honoured further.
func (w *Writer) release() error {
	if w.first == 0 {
		return nil
	}
	if err := w.Locks.LockRange(lifeOf(w.salt, w.first), int64(MaxID-w.first)+1, vfs.Unlock); err != nil {
		return err
	}
	w.first, w.inWay = 0, nil
	return nil
}

// End lets nobody read any more, and reports whether another process still has a pin (W4): then nothing is to be cut
// off or removed, NAME-live included, from which the next run learns which salt not to take.
func (w *Writer) End() (pinned bool, err error) {
	w.Mutex.Lock()
	defer w.Mutex.Unlock()
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
