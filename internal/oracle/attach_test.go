// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// attachedReader opens a database that this process writes as another process would.
func attachedReader(t *testing.T, path string) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), path, engine.Options{FS: faultfs.Wrap(vfs.OS), ReadOnly: true})
	must(t, err)
	if _, attached := db.Attached(); !attached {
		t.Fatal("the reader is not attached")
	}
	return db
}

// TestCBesideAttachedReader opens with C, in each mode, while a process of lsmlite writes and another one reads, and
// when the one that writes has ended and the other one still reads: C is turned away as without a reader, or reads and
// writes as next to one at rest. Meanwhile the reader's open snapshot stays readable, and a new one is refused as long
// as C holds the lock of those who write. It shows what C has committed once the next process of lsmlite writes, and
// never anything else.
func TestCBesideAttachedReader(t *testing.T) {
	start(t).Abandon()
	ctx := context.Background()
	const rows = 300
	for _, c := range []struct {
		name         string
		settings     []oracle.Setting
		live, beside error // what C gets while lsmlite writes, and the reader while C has it open
		writes       bool
	}{
		{"writes, single process", []oracle.Setting{oracle.MultiProcess(false)}, oracle.CodeBusy, engine.ErrBusy, true},
		{"writes, multi process", []oracle.Setting{oracle.MultiProcess(true)}, oracle.CodeBusy, engine.ErrBusy, true},
		{"reads, single process", []oracle.Setting{oracle.MultiProcess(false), oracle.ReadOnly(true)}, oracle.CodeBusy, engine.ErrBusy, false},
		{"reads, multi process", []oracle.Setting{oracle.MultiProcess(true), oracle.ReadOnly(true)}, oracle.CodeProtocol, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newLockedDB(t, rows)
			w, err := engine.Open(ctx, path, engine.Options{Readers: true})
			must(t, err)
			r := attachedReader(t, path)
			expect := func(generation int) {
				t.Helper()
				want := fmt.Appendf(nil, "%d:%0100d", generation, rows-1)
				if v, _, err := r.Get(nil, fmt.Appendf(nil, "k%05d", rows-1)); err != nil || !bytes.Equal(v, want) {
					t.Fatalf("the reader sees %.10q, %v; want %.10q", v, err, want)
				}
			}
			must(t, writeRows(w, rows, 1))
			if err := openWithC(c.settings...)(t, path); !errors.Is(err, c.live) {
				t.Errorf("while a process of lsmlite writes: %v, want %v", err, c.live)
			}
			expect(1)
			must(t, w.Close())
			expect(1)
			old, err := r.Snapshot(ctx)
			must(t, err)
			client := start(t)
			must(t, client.Open(path, c.settings...))
			if v, found, err := client.Get([]byte("k00000")); err != nil || !found || !bytes.HasPrefix(v, []byte("1:")) {
				t.Errorf("at rest: C reads %.10q, %v", v, err)
			}
			if _, _, err := r.Get(nil, []byte("k00000")); !errors.Is(err, c.beside) {
				t.Errorf("the reader, while C has the database open: %v, want %v", err, c.beside)
			}
			if c.writes {
				must(t, client.Put(fmt.Appendf(nil, "k%05d", rows-1), fmt.Appendf(nil, "%d:%0100d", 2, rows-1)))
			}
			if v, _, err := old.Get(nil, []byte("k00000")); err != nil || !bytes.HasPrefix(v, []byte("1:")) {
				t.Errorf("the snapshot from before C: %.10q, %v", v, err)
			}
			old.Close()
			must(t, client.Close())

			w, err = engine.Open(ctx, path, engine.Options{Readers: true})
			must(t, err)
			if c.writes {
				expect(2)
			}
			must(t, writeRows(w, rows, 3))
			expect(3)
			must(t, r.Close())
			for p := range w.Check(ctx) {
				t.Error(p)
			}
			must(t, w.Close())
		})
	}
}
