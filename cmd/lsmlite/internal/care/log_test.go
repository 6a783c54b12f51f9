// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestLogFollow follows a log while transactions are committed, flushed and checkpointed, so that the
// log is used again from its beginning: each write is printed once, in order, and none that was rolled back.
func TestLogFollow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	disk := memfs.New()
	o := small(disk)
	o.MaxLog = 1 << 20
	db, err := engine.Open(ctx, "/db.lsm", o)
	ok(t, err)
	var out bytes.Buffer
	show := logLines{e: &env.Env{Globals: env.Globals{JSON: true}, Stdout: &out}}
	tick, ended := make(chan time.Time), make(chan error)
	go func() { ended <- show.follow(ctx, "/db.lsm", engine.ReadLogOptions{FS: disk}, tick) }()
	tick <- time.Time{}
	var want []string
	rng := rand.New(rand.NewPCG(5, 6))
	for n := range 300 {
		want = append(want, writeOrRollBack(t, db, n, rng)...)
		if rng.IntN(3) == 0 {
			tick <- time.Time{} // begins to look
			tick <- time.Time{} // has looked
		}
		if rng.IntN(40) == 0 {
			ok(t, db.Flush(ctx))
			_, err := db.Checkpoint(ctx)
			ok(t, err)
		}
	}
	tick <- time.Time{}
	tick <- time.Time{}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	ok(t, db.Close())
	got, restarts := writesIn(t, &out)
	if restarts == 0 && !slices.Equal(got, want) {
		t.Errorf("%d writes were printed, want %d, or others", len(got), len(want))
	}
	if restarts > 0 && !inOrder(got, want) {
		t.Errorf("after %d restarts %d writes were printed, which are not among the %d in their order", restarts, len(got), len(want))
	}
	if len(got) < len(want)/2 {
		t.Errorf("only %d of %d writes were printed", len(got), len(want))
	}
}

// writeOrRollBack writes some rows, and returns their keys if they were committed.
func writeOrRollBack(t *testing.T, db *engine.DB, n int, rng *rand.Rand) (keys []string) {
	t.Helper()
	errBack := errors.New("roll back")
	err := db.Update(t.Context(), func(tx *engine.Tx) error {
		for i := range 1 + rng.IntN(5) {
			key := fmt.Sprintf("key/%d/%d", n, i)
			if err := tx.Put([]byte(key), make([]byte, rng.IntN(3000))); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		if rng.IntN(4) == 0 {
			return errBack
		}
		return nil
	})
	if errors.Is(err, errBack) {
		return nil
	}
	ok(t, err)
	return keys
}

// writesIn returns the keys of the writes that were printed, and how often transactions were missed.
func writesIn(t *testing.T, out *bytes.Buffer) (keys []string, restarts int) {
	t.Helper()
	for line := range bytes.Lines(out.Bytes()) {
		var r struct {
			Kind engine.LogRecordKind
			Key  string
		}
		ok(t, json.Unmarshal(line, &r))
		switch r.Kind {
		case engine.LogWrite:
			keys = append(keys, r.Key)
		case engine.LogRestart:
			restarts++
		case engine.LogEnd:
			t.Error("a log that is followed has no end")
		}
	}
	return keys, restarts
}

// inOrder says whether the elements of part are in all, in their order.
func inOrder(part, all []string) bool {
	for _, p := range part {
		i := slices.Index(all, p)
		if i < 0 {
			return false
		}
		all = all[i+1:]
	}
	return true
}
