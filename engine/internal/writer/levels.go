// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
)

// Level returns the number of open levels.
func (tx *Tx) Level() int { return tx.level }

// Begin opens another level and returns its number.
func (tx *Tx) Begin() (int, error) {
	if err := tx.usable("begin"); err != nil {
		return 0, err
	}
	if tx.err != nil {
		return 0, tx.err
	}
	tx.marks = append(tx.marks, savepoint{tx.w.tree.Mark(), tx.w.log.Mark()})
	tx.level++
	return tx.level, nil
}

// CommitTo makes the changes of all levels above the given one part of it.
func (tx *Tx) CommitTo(level int) error {
	if err := tx.checkLevel("commit", level); err != nil {
		return err
	}
	if tx.err != nil {
		return tx.err
	}
	if level < tx.level {
		tx.w.tree.Release(tx.marks[level].tree)
	}
	tx.level, tx.marks = level, tx.marks[:level]
	return nil
}

// RollbackTo undoes everything since the given level was opened, and keeps it open.
func (tx *Tx) RollbackTo(level int) error {
	if err := tx.checkLevel("rollback", level); err != nil {
		return err
	}
	tx.rollbackTo(level)
	return nil
}

func (tx *Tx) rollbackTo(level int) {
	m := tx.marks[level-1]
	tx.w.tree.RollbackTo(m.tree)
	if level == 1 || !mutant.Is(mutant.SavepointInLog) {
		tx.w.log.RollbackTo(m.log)
	}
	// Cursors that are still open go on with the list that they have.
	tx.spans = nil
	tx.level, tx.marks, tx.err = level, tx.marks[:level], nil
}

func (tx *Tx) checkLevel(op string, level int) error {
	if err := tx.usable(op); err != nil {
		return err
	}
	if level < 1 || level > tx.level {
		return tx.misuse(op, fmt.Sprintf("level %d is not open; %d are", level, tx.level))
	}
	return nil
}

// Rollback ends the transaction and undoes all of it. It returns when readers see what the transaction has read, so
// that none of them shows an older state than that later, or when it is known that those commits have failed.
func (tx *Tx) Rollback() error {
	if err := tx.usable("rollback"); err != nil {
		return err
	}
	w := tx.w
	tx.rollback()
	seen := w.seq
	w.Turn.Release()
	w.group.waitShown(seen)
	return nil
}

// rollback is Rollback without giving back the writer's turn.
func (tx *Tx) rollback() {
	tx.rollbackTo(1)
	tx.w.tree.Release(tx.marks[0].tree)
	tx.w.log.Rollback()
	tx.release()
	tx.w.Host.Leave()
}

// release gives up what the transaction holds, except for the writer's turn and its place
// among the handles.
func (tx *Tx) release() {
	tx.done = true
	tx.giveMarks()
	tx.w.Ledger.Release(tx.state)
}

// keptMarks is how many savepoints the writer keeps memory for.
const keptMarks = 16

// giveMarks gives the memory of the savepoints back to the writer, for the next transaction. They
// must not keep a tree alive that is flushed by then.
func (tx *Tx) giveMarks() {
	marks := tx.marks
	tx.marks = nil
	if cap(marks) > keptMarks {
		marks = nil
	}
	clear(marks[:cap(marks)])
	tx.w.marks = marks[:0]
}
