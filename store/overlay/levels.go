// SPDX-License-Identifier: Apache-2.0

package overlay

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/writeset"
)

// Level implements store.Tx.
func (t *Tx) Level() int { return len(t.marks) + 1 }

// Begin implements store.Tx.
func (t *Tx) Begin() (int, error) {
	if t.done {
		return 0, misuse("begin level", "the transaction has ended")
	}
	t.marks = append(t.marks, t.set.Mark())
	return t.Level(), nil
}

// known refuses a level that is not open.
func (t *Tx) known(op string, level int) error {
	switch {
	case t.done:
		return misuse(op, "the transaction has ended")
	case level < 1 || level > t.Level():
		return misuse(op, fmt.Sprintf("no level %d is open; the innermost is %d", level, t.Level()))
	}
	return nil
}

// CommitTo implements store.Tx.
func (t *Tx) CommitTo(level int) error {
	if err := t.known("commit level", level); err != nil {
		return err
	}
	if level < t.Level() {
		t.set.Release(t.marks[level-1])
		t.marks = t.marks[:level-1]
	}
	return nil
}

// RollbackTo implements store.Tx. The first level has no mark, which would keep all that is written again
// later: the set begins again in its place.
func (t *Tx) RollbackTo(level int) error {
	if err := t.known("rollback level", level); err != nil {
		return err
	}
	if level == 1 {
		t.set, t.marks = writeset.New(), t.marks[:0]
		return nil
	}
	t.set.RollbackTo(t.marks[level-2])
	t.marks = t.marks[:level-1]
	return nil
}
