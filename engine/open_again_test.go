// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestSecondHandle opens a database twice within a process. A second handle that writes is
// refused as a second process is; one that reads shares what is open.
func TestSecondHandle(t *testing.T) {
	for _, c := range []struct{ first, second bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		path := filepath.Join(t.TempDir(), "x.lsm")
		if err := os.WriteFile(path, closedDB(t), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: c.first})
		if err != nil {
			t.Fatal(err)
		}
		other, err := engine.Open(context.Background(), path, engine.Options{ReadOnly: c.second})
		switch {
		case !c.first && c.second && err != nil:
			t.Errorf("a reader beside a writer: %v", err)
		case !c.first && !c.second && (!errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), path)):
			t.Errorf("beside a writer, read-only=%v: %v", c.second, err)
		case c.first && err != nil:
			t.Errorf("beside a reader, read-only=%v: %v", c.second, err)
		}
		if err == nil {
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSecondProcess runs this test again as a second process that finds the database in
// use.
func TestSecondProcess(t *testing.T) {
	const env = "LSMLITE_TEST_SECOND_PROCESS"
	if path := os.Getenv(env); path != "" {
		_, err := engine.Open(context.Background(), path, engine.Options{})
		if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), path) {
			t.Fatalf("open for writing: %v", err)
		}
		if _, err = engine.Open(context.Background(), path, engine.Options{ReadOnly: true}); !errors.Is(err, engine.ErrBusy) {
			t.Fatalf("open for reading: %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "x.lsm")
	db, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	self, err := os.Executable()
	if err != nil {
		t.Skipf("this platform starts no processes: %v", err)
	}
	cmd := exec.Command(self, "-test.run=^TestSecondProcess$")
	cmd.Env = append(os.Environ(), env+"="+db.Path())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestForeignReaderKeepsItsState holds the lock that a C read-only client takes on a
// database nobody writes, and opens it for writing: nothing that the reader may still
// read is overwritten, and the log stays.
func TestForeignReaderKeepsItsState(t *testing.T) {
	ctx := context.Background()
	mem := memfs.New()
	mem.WriteFile("/x.lsm", closedDB(t))
	f, err := mem.Open("/x.lsm", vfs.ReadOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(vfs.SlotROTrans, vfs.Shared); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem, AutoFlush: 16 << 10, AutoCheckpoint: 16 << 10, AutoMerge: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, make([]byte, 1000)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now, err := mem.ReadFile("/x.lsm")
	if err != nil {
		t.Fatal(err)
	}
	if was := closedDB(t); !bytes.Equal(now[8192:len(was)], was[8192:]) {
		t.Error("pages were overwritten that a reader may still read")
	}
	if _, err := mem.ReadFile("/x.lsm-log"); err != nil {
		t.Errorf("the log was removed: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
