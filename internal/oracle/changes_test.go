// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// kept is a position that a reader of changes has written down, with the rows that it had then.
type kept struct {
	at   engine.Position
	rows oracle.Model
	when string
}

// keep notes the position of now.
func keep(t *testing.T, db *engine.DB, rows oracle.Model, when string) kept {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	must(t, err)
	defer s.Close()
	return kept{s.Position(), rows.Clone(), when}
}

// goOn applies what comes after a position to its rows, and returns how many transactions came before the gap, if
// there is one.
func (k *kept) goOn(t *testing.T, db *engine.DB) (n int, gap bool) {
	t.Helper()
	for change, err := range db.Changes(context.Background(), k.at, engine.ChangeOptions{NoWait: true}) {
		if errors.Is(err, engine.ErrGap) {
			return n, true
		}
		must(t, err)
		for op, err := range change.Ops {
			must(t, err)
			switch op.Kind {
			case engine.OpPut:
				value := op.Value
				if op.Load != nil {
					value = make([]byte, op.ValueLen)
					must(t, op.Load(value))
				}
				k.rows[string(op.Key)] = string(value)
			case engine.OpDelete:
				delete(k.rows, string(op.Key))
			case engine.OpDeleteRange:
				k.rows.DeleteRange(op.Key, op.End)
			}
		}
		n++
	}
	return n, false
}

// TestCCommitsBetweenStreams has a session of the engine, then C, then another session of the engine write, with each
// session's end a close or a death, and C sometimes without its log. Who goes on from a position of before has all that
// C has committed, or gets a gap.
func TestCCommitsBetweenStreams(t *testing.T) {
	start(t).Abandon()
	found, gaps, ofC := 0, 0, 0
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			f, g, c := cBetween(t, seed)
			found, gaps, ofC = found+f, gaps+g, ofC+c
		})
	}
	t.Logf("%d positions were found, %d were not; %d transactions of C were delivered", found, gaps, ofC)
	if found == 0 || gaps == 0 || ofC == 0 {
		t.Error("each of these should happen")
	}
}

func cBetween(t *testing.T, seed uint64) (found, gaps, ofC int) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "0.db")
	p := planner{rnd: oracle.SplitMix(seed), merges: []int{2, 4},
		spec: oracle.Spec{Keys: 300, KeyMin: 5, KeyMax: 30, ValMin: 1, ValMax: 300, PctDel: 15, PctRange: 5}}
	rnd := &p.rnd
	options := engine.Options{Changes: 1 << 20, AutoFlush: 32 << 10, PageSize: 1024, BlockSize: 64 << 10, AutoCheckpoint: 64 << 10}
	rows := make(oracle.Model)
	var positions []kept
	for round := range 6 {
		db, err := engine.Open(ctx, path, options)
		must(t, err)
		if d := oracle.Diff(rowsOf(t, db), rows.Rows()); d != "" {
			t.Fatalf("round %d: %s", round, d)
		}
		positions = append(positions, keep(t, db, rows, fmt.Sprintf("the beginning of round %d", round)))
		for _, s := range p.steps(rnd.Below(25)) {
			must(t, s.onEngine(db))
			rows = s.after(rows)
			if rnd.Below(8) == 0 {
				positions = append(positions, keep(t, db, rows, fmt.Sprintf("round %d", round)))
			}
		}
		positions = append(positions, keep(t, db, rows, fmt.Sprintf("the end of round %d", round)))
		died := rnd.Below(2) == 0
		if died {
			next := filepath.Join(dir, fmt.Sprint(round+1, ".db"))
			copyDB(t, path, next)
			must(t, db.Close())
			path = next
		} else {
			must(t, db.Close())
		}

		c := start(t)
		c.Timeout = hurry
		logged := rnd.Below(3) > 0
		must(t, c.Open(path, oracle.PageSize(1024), oracle.BlockSizeKB(64), oracle.AutoFlushKB(32<<rnd.Below(4)),
			oracle.AutoCheckpointKB(32<<rnd.Below(7)), oracle.Safety(1), oracle.UseLog(logged)))
		committed := 0
		for _, s := range p.steps(rnd.Below(20)) {
			must(t, s.onC(c))
			rows = s.after(rows)
			if s.kind == stepTx && !s.rollback {
				committed++
			}
		}
		if !logged || rnd.Below(2) == 0 { // without a log a death would undo commits
			must(t, c.Close())
		} else {
			c.Abandon()
		}

		db, err = engine.Open(ctx, path, options)
		must(t, err)
		s := p.transaction()
		must(t, s.onEngine(db))
		rows = s.after(rows)
		for i := range positions {
			k := &positions[i]
			k = &kept{k.at, k.rows.Clone(), k.when}
			n, gap := k.goOn(t, db)
			if gap {
				gaps++
				continue
			}
			found++
			if d := oracle.Diff(k.rows.Rows(), rows.Rows()); d != "" {
				t.Fatalf("round %d, the engine died %v, C had a log %v: from %s %d transactions were delivered, then there is %s",
					round, died, logged, k.when, n, d)
			}
			if i == len(positions)-1 {
				ofC += min(n, committed)
			}
		}
		must(t, db.Close())
	}
	return found, gaps, ofC
}

func rowsOf(t *testing.T, db *engine.DB) []oracle.Row {
	t.Helper()
	rows, err := engineRows(db)
	must(t, err)
	return rows
}
