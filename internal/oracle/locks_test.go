// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// newLockedDB makes a closed database of n rows.
func newLockedDB(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.lsm")
	ctx := context.Background()
	db, err := engine.Open(ctx, path, engine.Options{PageSize: 1024, BlockSize: 64 << 10})
	must(t, err)
	must(t, writeRows(db, n, 0))
	must(t, db.Close())
	return path
}

func writeRows(db *engine.DB, n, generation int) error {
	return db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "k%05d", i), fmt.Appendf(nil, "%d:%0100d", generation, i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// holders are who may have a database open already. hold returns how to end that.
var holders = []struct {
	name string
	hold func(t *testing.T, path string) (end func())
}{
	{"engine writes", func(t *testing.T, path string) func() {
		db, err := engine.Open(context.Background(), path, engine.Options{})
		must(t, err)
		return func() { must(t, db.Close()) }
	}},
	{"engine reads", func(t *testing.T, path string) func() {
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: true})
		must(t, err)
		return func() { must(t, db.Close()) }
	}},
	{"C writes, single process", holdWithC(oracle.MultiProcess(false))},
	{"C writes, multi process", holdWithC(oracle.MultiProcess(true))},
	{"C reads, single process", holdWithC(oracle.MultiProcess(false), oracle.ReadOnly(true))},
	{"C reads, multi process", holdWithC(oracle.MultiProcess(true), oracle.ReadOnly(true))},
	{"engine writes for readers", func(t *testing.T, path string) func() {
		db := writerForReaders(t, path)
		return func() { must(t, db.Close()) }
	}},
	{"engine writes, another reads", func(t *testing.T, path string) func() {
		db := writerForReaders(t, path)
		reader := attachedReader(t, path)
		return func() { must(t, errors.Join(reader.Close(), db.Close())) }
	}},
	{"engine reads what another wrote", func(t *testing.T, path string) func() {
		db := writerForReaders(t, path)
		reader := attachedReader(t, path)
		must(t, db.Close())
		return func() { must(t, reader.Close()) }
	}},
	{"a snapshot of what another wrote", func(t *testing.T, path string) func() {
		db := writerForReaders(t, path)
		reader := attachedReader(t, path)
		_, err := db.Checkpoint(context.Background())
		must(t, err)
		s, err := reader.Snapshot(context.Background())
		must(t, err)
		must(t, db.Close())
		return func() { s.Close(); must(t, reader.Close()) }
	}},
}

func writerForReaders(t *testing.T, path string) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), path, engine.Options{Readers: true})
	must(t, err)
	return db
}

// holdWithC opens with C and begins to read. The process is killed to end that.
func holdWithC(settings ...oracle.Setting) func(*testing.T, string) func() {
	return func(t *testing.T, path string) func() {
		c := start(t)
		must(t, c.Open(path, settings...))
		err := c.HoldRead()
		if errors.Is(err, oracle.CodeMisuse) {
			t.Skipf("%s names a driver that is older than testdata/lsmoracle.c.txt", oracle.EnvBinary)
		}
		must(t, err)
		return c.Abandon
	}
}

// openers are who comes second. open returns nil if that works.
var openers = []struct {
	name string
	open func(t *testing.T, path string) error
}{
	{"engine writes", func(t *testing.T, path string) error { return openWithEngine(path, false) }},
	{"engine reads", func(t *testing.T, path string) error { return openWithEngine(path, true) }},
	{"C writes, single process", openWithC(oracle.MultiProcess(false))},
	{"C writes, multi process", openWithC(oracle.MultiProcess(true))},
	{"C reads, single process", openWithC(oracle.MultiProcess(false), oracle.ReadOnly(true))},
	{"C reads, multi process", openWithC(oracle.MultiProcess(true), oracle.ReadOnly(true))},
	{"engine writes for readers", func(t *testing.T, path string) error {
		return openEngine(path, engine.Options{FS: faultfs.Wrap(vfs.OS), Readers: true})
	}},
	{"engine reads, as another process", func(t *testing.T, path string) error {
		return openEngine(path, engine.Options{FS: faultfs.Wrap(vfs.OS), ReadOnly: true})
	}},
}

func openWithEngine(path string, readOnly bool) error {
	return openEngine(path, engine.Options{ReadOnly: readOnly})
}

func openEngine(path string, o engine.Options) error {
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		return err
	}
	_, err = engineRows(db)
	return errors.Join(err, db.Close())
}

func openWithC(settings ...oracle.Setting) func(*testing.T, string) error {
	return func(t *testing.T, path string) error {
		c := start(t)
		defer c.Abandon()
		if err := c.Open(path, settings...); err != nil {
			return err
		}
		_, _, err := c.Get([]byte("k00001")) // a reader connects when it reads
		return err
	}
}

// TestLocksBetweenProcesses tries every second opener beside every holder: whoever would
// harm the other, or be harmed, is turned away; the engine's error is ErrBusy, names the
// file and says what to do; and when the holder is gone, killed ones too, everybody comes
// in. What two processes of C do with each other is theirs.
func TestLocksBetweenProcesses(t *testing.T) {
	start(t).Abandon()
	const busy, protocol, fine = "busy", "protocol", "fine"
	want := map[string][]string{ // in the order of openers; "" is not looked at
		"engine writes":            {"", "", busy, busy, busy, protocol, busy, busy},
		"engine reads":             {fine, fine, fine, fine, fine, fine, fine, fine},
		"C writes, single process": {busy, busy, "", "", "", "", busy, busy},
		"C writes, multi process":  {busy, busy, "", "", "", "", busy, busy},
		"C reads, single process":  {busy, busy, "", "", "", "", busy, busy},
		"C reads, multi process":   {fine, fine, "", "", "", "", fine, fine},
		// What processes of lsmlite let others read changes nothing for C.
		"engine writes for readers":        {"", "", busy, busy, busy, protocol, busy, fine},
		"engine writes, another reads":     {"", "", busy, busy, busy, protocol, busy, fine},
		"engine reads what another wrote":  {fine, fine, fine, fine, fine, fine, fine, fine},
		"a snapshot of what another wrote": {fine, fine, fine, fine, fine, fine, fine, fine},
	}
	for _, holder := range holders {
		for i, opener := range openers {
			expected := want[holder.name][i]
			if expected == "" {
				continue
			}
			t.Run(holder.name+"/"+opener.name, func(t *testing.T) {
				path := newLockedDB(t, 50)
				end := holder.hold(t, path)
				err := opener.open(t, path)
				got := fine
				switch {
				case errors.Is(err, engine.ErrBusy), errors.Is(err, oracle.CodeBusy):
					got = busy
				case errors.Is(err, oracle.CodeProtocol):
					got = protocol
				case err != nil:
					t.Fatal(err)
				}
				if got != expected {
					t.Errorf("%s (%v), want %s", got, err, expected)
				}
				if errors.Is(err, engine.ErrBusy) && (!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "close it there")) {
					t.Errorf("the error does not name the file, or what to do: %v", err)
				}
				end()
				if err := opener.open(t, path); err != nil {
					t.Errorf("after the holder is gone: %v", err)
				}
			})
		}
	}
}

// TestCReaderKeepsItsState has C read in a transaction while the engine overwrites
// everything several times: the file grows, and C goes on seeing what it saw. The log
// stays for it; when it is gone everything is used again.
func TestCReaderKeepsItsState(t *testing.T) {
	ctx := context.Background()
	const rows = 2000
	path := newLockedDB(t, rows)
	c := start(t)
	must(t, c.Open(path, oracle.MultiProcess(true), oracle.ReadOnly(true)))
	if err := c.HoldRead(); errors.Is(err, oracle.CodeMisuse) {
		t.Skipf("%s names a driver that is older than testdata/lsmoracle.c.txt", oracle.EnvBinary)
	} else {
		must(t, err)
	}
	before, err := c.Dump()
	must(t, err)
	o := engine.Options{AutoFlush: 64 << 10, AutoCheckpoint: 64 << 10, AutoMerge: 2}
	db, err := engine.Open(ctx, path, o)
	must(t, err)
	for g := range 8 {
		must(t, writeRows(db, rows, 1+g))
		_, err := db.Checkpoint(ctx)
		must(t, err)
	}
	during, err := c.Dump()
	must(t, err)
	if d := oracle.Diff(during, before); d != "" || len(before) != rows {
		t.Errorf("C sees something else in one transaction of %d rows: %s", len(before), d)
	}
	// Another reader is turned away, because the database is live.
	if err := openWithC(oracle.MultiProcess(true), oracle.ReadOnly(true))(t, path); !errors.Is(err, oracle.CodeProtocol) {
		t.Errorf("another reader: %v", err)
	}
	blocks := db.Stats().Blocks
	must(t, db.Close())
	if _, err := os.Stat(path + "-log"); err != nil {
		t.Errorf("the log that the reader may need: %v", err)
	}
	during, err = c.Dump()
	must(t, err)
	if d := oracle.Diff(during, before); d != "" {
		t.Errorf("after the engine's close: %s", d)
	}
	must(t, c.ReleaseRead())
	after, err := c.Dump()
	must(t, err)
	if len(after) != rows || !strings.HasPrefix(string(after[0].Value), "8:") {
		t.Errorf("a new transaction of C sees %d rows, the first with %.10q", len(after), after[0].Value)
	}
	c.Abandon()

	db, err = engine.Open(ctx, path, o)
	must(t, err)
	for g := range 4 {
		must(t, writeRows(db, rows, 20+g))
		_, err := db.Checkpoint(ctx)
		must(t, err)
	}
	if n := db.Stats().Blocks; n > blocks {
		t.Errorf("the file grows from %d to %d blocks without a reader", blocks, n)
	}
	must(t, db.Close())
	if _, err := os.Stat(path + "-log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log after a close without readers: %v", err)
	}
}
