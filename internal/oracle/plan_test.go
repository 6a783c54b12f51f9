// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// stepKind says what a step of a turn does.
type stepKind int

const (
	stepTx stepKind = iota
	stepFlush
	stepCheckpoint
	stepWork
)

// A step is one thing that a side does in its turn. After each one the content is known.
type step struct {
	kind     stepKind
	tx       []txStep
	rollback bool // the transaction ends with a rollback of all of it
	merge    int  // of stepWork: least number of segments to merge, 1 for all
	size     int  // of stepWork: pages for the engine, KB for C; negative for no limit
}

// txKind says what a part of a transaction does.
type txKind int

const (
	txOp txKind = iota
	txBegin
	txCommit
	txRollback
)

// A txStep is a write, or opens, merges or undoes nested levels.
type txStep struct {
	kind  txKind
	op    oracle.Op
	level int // of txCommit and txRollback: the level that stays open
}

// A planner draws steps.
type planner struct {
	rnd  oracle.SplitMix
	spec oracle.Spec // shape of keys and values
	// edges lets range deletes end on keys that may exist. C must never get to apply
	// these itself, not even from the log.
	edges bool
	// wholeRollback allows transactions that are rolled back altogether. C loses later
	// commits if it happens when its log wraps.
	wholeRollback bool
	flush         bool // allow stepFlush
	merges        []int
}

func (p *planner) steps(n int) []step {
	out := make([]step, 0, n)
	for range n {
		switch x := p.rnd.Below(100); {
		case x < 6 && p.flush:
			out = append(out, step{kind: stepFlush})
		case x < 14:
			out = append(out, step{kind: stepCheckpoint})
		case x < 28 && len(p.merges) > 0:
			size := 1 + p.rnd.Below(16)
			if p.rnd.Below(4) == 0 {
				size = -1
			}
			out = append(out, step{kind: stepWork, merge: p.merges[p.rnd.Below(len(p.merges))], size: size})
		default:
			out = append(out, p.transaction())
		}
	}
	return out
}

func (p *planner) transaction() step {
	s := step{kind: stepTx, rollback: p.wholeRollback && p.rnd.Below(12) == 0}
	level := 1
	n := 1 + p.rnd.Below(8)
	if p.rnd.Below(4) == 0 {
		n += p.rnd.Below(150)
	}
	for range n {
		switch x := p.rnd.Below(100); {
		case x < 6 && level < 5:
			level++
			s.tx = append(s.tx, txStep{kind: txBegin})
		case x < 9 && level > 1:
			level = 1 + p.rnd.Below(level)
			s.tx = append(s.tx, txStep{kind: txCommit, level: level})
		case x < 13 && level > 1:
			level = 2 + p.rnd.Below(level-1)
			s.tx = append(s.tx, txStep{kind: txRollback, level: level})
		default:
			s.tx = append(s.tx, txStep{op: p.op()})
		}
	}
	// A transaction that writes nothing is no commit on either side.
	s.tx = append(s.tx, txStep{op: oracle.Op{Kind: oracle.OpPut, Key: p.key(), Value: []byte("last")}})
	return s
}

func (p *planner) key() []byte { return p.spec.Key(p.rnd.Next() % uint64(p.spec.Keys)) }

func (p *planner) op() oracle.Op {
	one := p.spec
	one.Seed, one.Count = p.rnd.Next(), 1
	for op := range one.Ops() {
		if op.Kind == oracle.OpDeleteRange && p.edges && p.rnd.Below(2) == 0 {
			op.Key = op.Key[:len(op.Key)-9] // what stands before 0xff and 8 bytes is a key
			if p.rnd.Below(2) == 0 {
				op.Before = op.Before[:len(op.Before)-9]
			}
		}
		return op
	}
	panic("a Spec of one operation yields one")
}

// bounds returns the keys at which the step begins a range delete.
func (s step) bounds() (keys [][]byte) {
	for _, t := range s.tx {
		if t.kind == txOp && t.op.Kind == oracle.OpDeleteRange {
			keys = append(keys, t.op.Key, t.op.Before)
		}
	}
	return keys
}

// after returns what a database holds when the step has been done.
func (s step) after(m oracle.Model) oracle.Model {
	if s.kind != stepTx || s.rollback {
		return m
	}
	m = m.Clone()
	marks := []oracle.Model{nil} // marks[l-1] is the state when level l was opened
	for _, t := range s.tx {
		switch t.kind {
		case txOp:
			m.Apply(t.op)
		case txBegin:
			marks = append(marks, m.Clone())
		case txCommit:
			marks = marks[:t.level]
		case txRollback:
			m, marks = marks[t.level-1].Clone(), marks[:t.level]
		}
	}
	return m
}

// onEngine does the step with the engine. A step that does not end is an error.
func (s step) onEngine(db *engine.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), hurry)
	defer cancel()
	switch s.kind {
	case stepFlush:
		return db.Flush(ctx)
	case stepCheckpoint:
		_, err := db.Checkpoint(ctx)
		return err
	case stepWork:
		_, err := db.Work(ctx, engine.WorkOptions{Merge: s.merge, Pages: max(0, s.size)})
		return err
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	for _, t := range s.tx {
		switch t.kind {
		case txOp:
			err = apply(tx, t.op)
		case txBegin:
			_, err = tx.Begin()
		case txCommit:
			err = tx.CommitTo(t.level)
		case txRollback:
			err = tx.RollbackTo(t.level)
		}
		if err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	if s.rollback {
		return tx.Rollback()
	}
	return tx.Commit(ctx)
}

// onC does the step with C.
func (s step) onC(c *oracle.Client) error {
	switch s.kind {
	case stepFlush:
		return c.Flush()
	case stepCheckpoint:
		return c.Checkpoint()
	case stepWork:
		_, err := c.Work(s.merge, s.size)
		return err
	}
	if err := c.Begin(1); err != nil {
		return err
	}
	level := 1
	for _, t := range s.tx {
		var err error
		switch t.kind {
		case txOp:
			err = applyC(c, t.op)
		case txBegin:
			level++
			err = c.Begin(level)
		case txCommit:
			level = t.level
			err = c.Commit(level)
		case txRollback:
			level = t.level
			err = c.Rollback(level)
		}
		if err != nil {
			return err
		}
	}
	if s.rollback {
		return c.Rollback(0)
	}
	return c.Commit(0)
}

func applyC(c *oracle.Client, op oracle.Op) error {
	switch op.Kind {
	case oracle.OpPut:
		return c.Put(op.Key, op.Value)
	case oracle.OpDelete:
		return c.Delete(op.Key)
	default:
		return c.DeleteRange(op.Key, op.Before)
	}
}

func (s step) String() string {
	switch s.kind {
	case stepFlush:
		return "flush"
	case stepCheckpoint:
		return "checkpoint"
	case stepWork:
		return fmt.Sprintf("work %d %d", s.merge, s.size)
	}
	return fmt.Sprintf("transaction of %d, rolled back %v", len(s.tx), s.rollback)
}
