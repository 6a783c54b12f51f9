// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// TestCLeavesEncryptedFilesAlone has C lsm1 open, read, write and close an encrypted database in many
// states: after commits that no checkpoint holds, with logs that have wrapped, after a clean close and while
// it is new. C refuses it, and leaves both files as they were, byte for byte.
func TestCLeavesEncryptedFilesAlone(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	ctx := context.Background()
	key := keys.Raw(bytes.Repeat([]byte{7}, 32))
	states, withCommits, removed := 0, 0, 0
	for _, codec := range []string{"none", "lz4"} {
		rng := rand.New(rand.NewPCG(1, 2))
		path := filepath.Join(t.TempDir(), "e.db")
		o := engine.Options{Key: key, Compression: codec, PageSize: 1024, BlockSize: 64 << 10, AutoFlush: 64 << 10,
			AutoCheckpoint: 64 << 10, Background: engine.BackgroundNone}
		rows := map[string]int{} // with the length of the value
		look := func(what string, settings ...oracle.Setting) {
			t.Helper()
			copied := filepath.Join(t.TempDir(), "c.db")
			var before [2][]byte
			for i, suffix := range []string{"", "-log"} {
				b, err := os.ReadFile(path + suffix)
				if errors.Is(err, os.ErrNotExist) {
					continue
				}
				must(t, err)
				before[i] = b
				must(t, os.WriteFile(copied+suffix, b, 0o600))
			}
			inLog := false
			for r, err := range engine.ReadLog(ctx, copied, engine.ReadLogOptions{}) {
				must(t, err)
				inLog = inLog || r.Kind == engine.LogCommit
			}
			if inLog {
				withCommits++
			}
			c := start(t)
			err := c.Open(copied, settings...)
			if err == nil {
				if _, _, err = c.Get([]byte("key1")); err == nil {
					t.Errorf("%s: C reads a key", what)
				}
				_ = c.Put([]byte("key1"), []byte("x"))
				_ = c.Flush()
				_ = c.Checkpoint()
				_ = c.CloseDB()
			}
			must(t, c.Close())
			for i, suffix := range []string{"", "-log"} {
				after, err := os.ReadFile(copied + suffix)
				if gone := errors.Is(err, os.ErrNotExist); gone && i == 1 && !inLog {
					removed++
					continue
				}
				if err != nil || !bytes.Equal(after, before[i]) {
					t.Fatalf("%s: C has changed e.db%s: %d bytes, before %d, %v", what, suffix, len(after), len(before[i]), err)
				}
			}
			db, err := engine.Open(ctx, copied, o)
			must(t, err)
			got, err := engineRows(db)
			must(t, err)
			if len(got) != len(rows) {
				t.Fatalf("%s: %d rows, want %d", what, len(got), len(rows))
			}
			for _, r := range got {
				if n, ok := rows[string(r.Key)]; !ok || n != len(r.Value) {
					t.Fatalf("%s: row %q of %d bytes; want %d", what, r.Key, len(r.Value), n)
				}
			}
			must(t, db.Close())
			states++
		}
		for session := range 4 {
			db, err := engine.Open(ctx, path, o)
			must(t, err)
			look(fmt.Sprintf("%s, session %d, opened", codec, session))
			for i := range 60 {
				tx, err := db.Begin(ctx)
				must(t, err)
				wrote := map[string]int{}
				for range 1 + rng.IntN(30) {
					key, n := fmt.Sprintf("key%d", rng.IntN(1000)), rng.IntN(1<<rng.IntN(14))
					must(t, tx.Put([]byte(key), make([]byte, n)))
					wrote[key] = n
				}
				if rng.IntN(5) == 0 {
					must(t, tx.Rollback())
					continue
				}
				must(t, tx.Commit(ctx))
				maps.Copy(rows, wrote)
				if i%4 == 0 {
					settings := []oracle.Setting{oracle.Safety(rng.IntN(3)), oracle.AutoFlushKB(1 + rng.IntN(100))}
					look(fmt.Sprintf("%s, session %d, commit %d", codec, session, i), settings...)
				}
			}
			if session%2 == 1 {
				_, err = db.Checkpoint(ctx)
				must(t, err)
				look(fmt.Sprintf("%s, session %d, checkpoint", codec, session))
			}
			must(t, db.Close())
			look(fmt.Sprintf("%s, session %d, closed", codec, session))
		}
	}
	t.Logf("%d states, in %d of them the log had commits, in %d others C removed it", states, withCommits, removed)
	if withCommits < 40 {
		t.Errorf("only %d states had commits in the log", withCommits)
	}
}
