// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestCheckOfAClosedDatabase says that there is nothing to check.
func TestCheckOfAClosedDatabase(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/check.db", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	problems := slices.Collect(db.Check(ctx))
	if len(problems) != 1 || problems[0].Offset != -1 || !strings.Contains(problems[0].String(), "/check.db: ") ||
		!strings.Contains(problems[0].Detail, "is closed") {
		t.Errorf("a closed database: %v", problems)
	}
}

// TestCheckLeavesTheLogToATransaction: while one is under way the log is left out, and
// nothing waits for it.
func TestCheckLeavesTheLogToATransaction(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db, err := engine.Open(ctx, "/check.db", engine.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), make([]byte, 1000)) }); err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	log, err := fs.Open("/check.db-log", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := db.LogStructure()[2].End - 100
	if _, err := log.WriteAt([]byte{0xFF}, at); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	problems := slices.Collect(db.Check(ctx))
	if len(problems) != 1 || !strings.Contains(problems[0].Detail, "log: ") {
		t.Errorf("byte %d of the log is damaged: %v", at, problems)
	}
	if _, err := log.WriteAt([]byte{0}, at); err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheckStopsWhenToldTo: stopping early is up to the receiver.
func TestCheckStopsWhenToldTo(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db, err := engine.Open(ctx, "/check.db", engine.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("key"), nil) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	file, err := fs.Open("/check.db", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 8192), 0); err != nil {
		t.Fatal(err)
	}
	if n := len(slices.Collect(db.Check(ctx))); n < 2 {
		t.Fatalf("%d problems, want one of each meta page at least", n)
	}
	n := 0
	for range db.Check(ctx) {
		n++
		break
	}
	canceled, cancel := context.WithCancel(ctx)
	defer cancel()
	for range db.Check(canceled) {
		n++
		cancel()
	}
	if n != 2 {
		t.Errorf("%d problems, want one of each check", n)
	}
}

// TestCheckWhileWriting checks again and again while transactions are committed, flushed,
// merged and checkpointed: each check sees one state, and that is sound.
func TestCheckWhileWriting(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/check.db", engine.Options{FS: memfs.New(), PageSize: 1024, BlockSize: 64 << 10,
		AutoFlush: 64 << 10, AutoCheckpoint: 128 << 10, AutoMerge: 2, MaxFreelist: 2})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		rng := rand.New(rand.NewPCG(1, 1))
		var err error
		for i := 0; i < 300 && err == nil; i++ {
			err = db.Update(ctx, func(tx *engine.Tx) error {
				for range 40 {
					if err := tx.Put(fmt.Appendf(nil, "key-%04d", rng.IntN(5000)), make([]byte, rng.IntN(300))); err != nil {
						return err
					}
				}
				n := rng.IntN(5000)
				return tx.DeleteRange(fmt.Appendf(nil, "key-%04d", n), fmt.Appendf(nil, "key-%04d", n+30))
			})
			if err == nil && i%20 == 19 {
				_, err = db.Checkpoint(ctx)
			}
		}
		done <- err
	}()
	for checks := 0; ; checks++ {
		for p := range db.Check(ctx) {
			t.Errorf("check %d: %v", checks, p)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d checks, %d blocks", checks, db.Stats().Blocks)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			return
		default:
		}
		if t.Failed() {
			<-done
			return
		}
	}
}

// Commits without the log make its end one that nothing in it leads to. That is no damage, whether transactions of the
// log follow the newest checkpoint or not.
func TestCheckOfCommitsWithoutLog(t *testing.T) {
	ctx := context.Background()
	for name, before := range map[string]int{"nothing in the log": 0, "transactions in the log": 3} {
		t.Run(name, func(t *testing.T) {
			db, err := engine.Open(ctx, "/db", engine.Options{FS: memfs.New(), NoAutoWork: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			put := func(key string) {
				t.Helper()
				if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), []byte("value")) }); err != nil {
					t.Fatal(err)
				}
			}
			sound := func(when string) {
				t.Helper()
				for p := range db.Check(ctx) {
					t.Errorf("%s: %v", when, p)
				}
			}
			for i := range before {
				put(fmt.Sprint("logged", i))
			}
			if err := db.Set(func(o *engine.Options) { o.NoLog = true }); err != nil {
				t.Fatal(err)
			}
			put("not logged")
			sound("after a commit without the log")
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			sound("after a flush")
			if _, err := db.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
			sound("after a checkpoint")
			put("not logged, either")
			sound("after another commit")
			if err := db.Set(func(o *engine.Options) { o.NoLog = false }); err != nil {
				t.Fatal(err)
			}
			sound("with the log again")
			put("logged again")
			sound("after a commit to the log")
		})
	}
}
