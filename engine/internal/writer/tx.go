// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"bytes"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// The limits of one record, in bytes.
const (
	MaxKeySize   = 64 << 20
	MaxValueSize = 1 << (28 + 2*base.Wide)
)

// Tx is a write transaction. It has the writer's turn until it ends with Commit or Rollback.
// One goroutine at a time may use it. Its methods mean what those of the engine's Tx do.
type Tx struct {
	w       *Writer
	state   *snapshot.State // pinned: what the transaction began from
	level   int
	marks   []savepoint // marks[l-1] is the state when level l was opened; the memory is the writer's
	written int         // bytes of keys and values written, for the work they owe
	records int64       // operations
	bytes   int64       // of their keys and values
	waits   waits
	// spans is what cursors have found out about the transaction's own states since the
	// last rollback. It is nil before the first cursor.
	spans   *span.List
	err     error // a write failed: only a rollback is possible
	done    bool
	reading bool // PutReader is at work
}

// savepoint is what a level is rolled back to.
type savepoint struct {
	tree memtree.Mark
	log  wal.Mark
}

// Done reports whether the transaction has ended.
func (tx *Tx) Done() bool { return tx.done }

func (tx *Tx) usable(op string) error {
	switch {
	case tx.done:
		return tx.misuse(op, "the transaction has ended")
	case tx.reading:
		return tx.misuse(op, "PutReader is not done yet: its reader must not use the transaction")
	}
	return nil
}

func (tx *Tx) misuse(op, detail string) error {
	return &errs.Error{Code: errs.CodeMisuse, Op: op, Path: tx.w.Path, Detail: detail}
}

// mayWrite reports whether a record of the given lengths may be written.
func (tx *Tx) mayWrite(key int, value int64) error {
	if err := tx.usable("write"); err != nil {
		return err
	}
	switch w := tx.w; {
	case tx.err != nil:
		return tx.err
	case value < 0:
		return tx.misuse("write", fmt.Sprintf("a value of %d bytes", value))
	case key > MaxKeySize || value > MaxValueSize:
		return tx.tooBig(fmt.Sprintf("a key of %d and a value of %d bytes; the limits are %d and %d", key, value, MaxKeySize, MaxValueSize))
	case max(int64(w.tree.Size()), w.log.Uncommitted()) > w.MaxTx:
		return tx.tooBig(fmt.Sprintf("the transaction has grown beyond %d bytes", w.MaxTx))
	}
	return nil
}

func (tx *Tx) tooBig(detail string) error {
	return &errs.Error{Code: errs.CodeTooBig, Op: "write", Path: tx.w.Path, Detail: detail}
}

// write logs a record and reports whether it may be applied to the tree.
func (tx *Tx) write(op format.LogOp, key, value []byte) error {
	if err := tx.mayWrite(len(key), int64(len(value))); err != nil {
		return err
	}
	return tx.log(op, key, value)
}

// log logs a record that may be written, and counts it.
func (tx *Tx) log(op format.LogOp, key, value []byte) error {
	if tx.w.Tuning.Load().Log {
		if err := tx.w.log.Append(format.LogRecord{Op: op, Key: key, Value: value}); err != nil {
			tx.err = ioerr.Write("write", tx.w.Files.LogPath(), "", err)
			return tx.err
		}
	}
	tx.written += len(key) + len(value) + 16
	tx.records++
	tx.bytes += int64(len(key) + len(value))
	return nil
}

// Put sets the value of a key.
func (tx *Tx) Put(key, value []byte) error {
	if err := tx.write(format.LogWrite, key, value); err != nil {
		return err
	}
	tx.w.tree.Put(key, value)
	return nil
}

// PutReader sets the value of a key to the size bytes that r has.
func (tx *Tx) PutReader(key []byte, r io.Reader, size int64) error {
	if err := tx.mayWrite(len(key), size); err != nil {
		return err
	}
	tx.reading = true
	defer func() { tx.reading = false }()
	return tx.w.tree.PutFunc(key, int(size), func(value []byte) error {
		if err := readAll(r, value); err != nil {
			return ioerr.New("write", tx.w.Path, "the value could not be read", err)
		}
		return tx.log(format.LogWrite, key, value)
	})
}

// readAll fills b with all that r has.
func readAll(r io.Reader, b []byte) error {
	if n, err := io.ReadFull(r, b); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fmt.Errorf("it ends after %d of %d bytes: %w", n, len(b), io.ErrUnexpectedEOF)
		}
		return err
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return fmt.Errorf("it goes on after %d bytes", len(b))
	case err != io.EOF:
		return err
	}
	return nil
}

// Delete removes a key.
func (tx *Tx) Delete(key []byte) error {
	if err := tx.write(format.LogDelete, key, nil); err != nil {
		return err
	}
	tx.w.tree.Delete(key)
	return nil
}

// DeleteRange removes all keys strictly between two others.
func (tx *Tx) DeleteRange(after, before []byte) error {
	if len(before) > MaxKeySize {
		return tx.tooBig(fmt.Sprintf("a key of %d bytes; the limit is %d", len(before), MaxKeySize))
	}
	// C lsm1 would take such a record for the deletion of other keys.
	if bytes.Compare(after, before) >= 0 && len(after) <= MaxKeySize {
		if err := tx.usable("write"); err != nil {
			return err
		}
		return tx.err
	}
	if err := tx.write(format.LogDeleteRange, after, before); err != nil {
		return err
	}
	tx.w.tree.DeleteRange(after, before)
	return nil
}
