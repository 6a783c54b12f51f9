// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

var measureBytes = flag.Int64("measure", 0, "bytes of rows with which TestMeasure measures; 10000000000 takes some minutes and 40 GB of disk")

// TestMeasure measures how long the first snapshot and a restore of a database take, and how long commits are not in
// the target yet. It replicates to a folder of the temporary directory: what a network adds is left out.
func TestMeasure(t *testing.T) {
	if *measureBytes == 0 {
		t.Skip("it is for the figures in docs/replication.md: -measure=1000000000")
	}
	dir := t.TempDir()
	ctx := t.Context()
	path := filepath.Join(dir, "my.lsm")
	const valueBytes, batch = 1000, 1000
	rng := rand.New(rand.NewPCG(1, 1))
	value := func() []byte { // half of it can be compressed
		v := make([]byte, valueBytes)
		for i := 0; i < valueBytes/2; i += 8 {
			binary.NativeEndian.PutUint64(v[i:], rng.Uint64())
		}
		return v
	}
	rows := *measureBytes / valueBytes
	b, err := engine.NewBuilder(path, engine.Options{})
	ok(t, err)
	for n := range rows {
		ok(t, b.Add(binary.BigEndian.AppendUint64(nil, uint64(n)), value()))
	}
	ok(t, b.Finish(ctx))
	db, err := engine.Open(ctx, path, engine.Options{Changes: 256 << 20, Background: engine.BackgroundBoth})
	ok(t, err)
	tg, err := target.OpenDir(filepath.Join(dir, "target"))
	ok(t, err)
	begun := time.Now()
	r, err := Start(db, tg, Options{SnapshotEvery: 1000 * time.Hour, minLog: 1 << 50})
	ok(t, err)
	ok(t, r.Sync(ctx))
	s := r.Status()
	t.Logf("%d rows, %d bytes: the snapshot took %v and has %d bytes", rows, *measureBytes, time.Since(begun).Round(time.Millisecond), s.Bytes)

	var lags []time.Duration // from a commit until it can be restored, of one in 50
	begun = time.Now()
	commits := 0
	for ; time.Since(begun) < 30*time.Second; commits++ {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			return tx.Put(binary.BigEndian.AppendUint64(nil, rng.Uint64N(uint64(rows))), value())
		}))
		if commits%100 == 0 {
			lags = append(lags, r.Status().Lag)
			time.Sleep(time.Millisecond)
		}
	}
	var most, sum time.Duration
	for _, l := range lags {
		most, sum = max(most, l), sum+l
	}
	ok(t, r.Stop(context.Background()))
	t.Logf("%d commits of a row in 30 s: the oldest that was not in the target was %v old on average and %v at most", commits,
		(sum / time.Duration(len(lags))).Round(time.Millisecond), most.Round(time.Millisecond))
	ok(t, db.Close())
	info, err := os.Stat(path)
	ok(t, err)
	begun = time.Now()
	again := filepath.Join(dir, "again.lsm")
	done, err := Restore(ctx, tg, again, RestoreOptions{})
	ok(t, err)
	t.Logf("restoring the snapshot and %d transactions took %v; the file has %d bytes", done.Seq-done.Snapshot, time.Since(begun).Round(time.Millisecond),
		info.Size())
}
