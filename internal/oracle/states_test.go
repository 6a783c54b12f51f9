// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// envStates names folders, separated like a path list, of database files in states that
// C lsm1 reaches seldom: NAME.db, NAME.db-log, NAME.jsonl, and NAME.absent with keys in
// hex, one a line, that stand in segments but must not be found.
const envStates = "LSMLITE_STATES"

// TestEngineGoesOnFromRareStatesOfC opens each file with the engine, compares what it
// reads with the listing, then writes, merges and closes, and lets C judge the result.
func TestEngineGoesOnFromRareStatesOfC(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	folders := filepath.SplitList(os.Getenv(envStates))
	if len(folders) == 0 {
		t.Skipf("no files: %s does not name a folder", envStates)
	}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.db"))
		must(t, err)
		if len(files) == 0 {
			t.Errorf("no files in %s", folder)
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".db")
			t.Run(name, func(t *testing.T) {
				listing, err := os.ReadFile(strings.TrimSuffix(file, ".db") + ".jsonl")
				must(t, err)
				goOnFrom(t, file, listing, absentKeys(t, strings.TrimSuffix(file, ".db")+".absent"))
			})
		}
	}
}

// absentKeys reads a list of keys; a missing one is empty.
func absentKeys(t *testing.T, name string) (keys [][]byte) {
	t.Helper()
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	must(t, err)
	for line := range strings.Lines(string(text)) {
		key, err := hex.DecodeString(strings.TrimSpace(line))
		must(t, err)
		keys = append(keys, key)
	}
	return keys
}

func goOnFrom(t *testing.T, file string, listing []byte, absent [][]byte) {
	ctx := context.Background()
	path := copyDB(t, file, filepath.Join(t.TempDir(), "x.db"))
	db, err := engine.Open(ctx, path, engine.Options{AutoFlush: 32 << 10, NoAutoWork: true})
	must(t, err)
	closed := false
	defer func() {
		if !closed {
			_ = db.Close()
		}
	}()

	rows, err := engineRows(db)
	must(t, err)
	if err := oracle.CompareListing(bytes.NewReader(listing), rows); err != nil {
		t.Fatalf("what C recovers and what the engine reads differ: %v", err)
	}
	if err := engineProblems(db, rows, append(probesOf(rows, 200), absent...)); err != nil {
		t.Fatal(err)
	}

	model := oracle.ModelOf(rows)
	spec := oracle.Spec{Seed: 99, Count: 60, Keys: 200, KeyMin: 6, KeyMax: 90, ValMax: 300, PctDel: 25, PctRange: 5}
	write := func() {
		for op := range spec.Ops() {
			must(t, db.Update(ctx, func(tx *engine.Tx) error { return apply(tx, op) }))
			model.Apply(op)
		}
		spec.Seed++
	}
	write()
	must(t, db.Flush(ctx))
	judge(t, db, path, model, "after a flush on top")
	_, err = db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 4})
	must(t, err)
	judge(t, db, path, model, "after a step of work")
	write()
	_, err = db.Checkpoint(ctx)
	must(t, err)
	judge(t, db, path, model, "after a checkpoint with a log behind it")
	must(t, db.Optimize(ctx))
	judge(t, db, path, model, "after optimize")
	write()
	closed = true
	must(t, db.Close())
	final, err := recoverWithC(t, path)
	must(t, err)
	if d := oracle.Diff(final, model.Rows()); d != "" {
		t.Fatalf("C, after the engine's close: %s", d)
	}
}

// judge compares the engine's view with the model, and C's view of a copy as well.
func judge(t *testing.T, db *engine.DB, path string, model oracle.Model, when string) {
	t.Helper()
	want := model.Rows()
	if err := engineProblems(db, want, probesOf(want, 60)); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	rows, err := recoverWithC(t, path)
	if err != nil {
		t.Fatalf("%s: C: %v; files in %s", when, err, keepFiles(t, path, t.Name()+".db"))
	}
	if d := oracle.Diff(rows, want); d != "" {
		t.Fatalf("%s: C recovers something else: %s; files in %s", when, d, keepFiles(t, path, t.Name()+".db"))
	}
}

// apply performs an operation in a transaction of the engine.
func apply(tx *engine.Tx, op oracle.Op) error {
	switch op.Kind {
	case oracle.OpPut:
		return tx.Put(op.Key, op.Value)
	case oracle.OpDelete:
		return tx.Delete(op.Key)
	default:
		return tx.DeleteRange(op.Key, op.Before)
	}
}
