// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

// BenchmarkAttachedGet reads a row as a statement of its own: through the handle that writes, through one that was
// opened while nobody wrote, and through one that is attached to a process which commits nothing meanwhile, or a
// transaction of one row before each read. It reports the median read.
func BenchmarkAttachedGet(b *testing.B) {
	for _, kind := range []string{"writer", "rest", "attached", "attached/commits"} {
		b.Run(kind, func(b *testing.B) { benchmarkAttachedGet(b, kind) })
	}
}

func benchmarkAttachedGet(b *testing.B, kind string) {
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "db")
	w, err := engine.Open(ctx, path, engine.Options{Readers: true})
	if err != nil {
		b.Fatal(err)
	}
	put := func(n uint64) {
		if err := w.Update(ctx, func(tx *engine.Tx) error {
			return tx.Put(binary.BigEndian.AppendUint64(nil, n), make([]byte, 100))
		}); err != nil {
			b.Fatal(err)
		}
	}
	for n := range uint64(10_000) {
		put(n)
	}
	if err := w.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	if _, err := w.Checkpoint(ctx); err != nil {
		b.Fatal(err)
	}
	r := w
	if kind != "writer" {
		if kind == "rest" {
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
		if r, err = engine.Open(ctx, path, engine.Options{FS: faultfs.Wrap(vfs.OS), ReadOnly: true}); err != nil {
			b.Fatal(err)
		}
		defer r.Close()
	}
	if kind != "rest" {
		defer w.Close()
	}
	var key [8]byte
	get := func(n uint64) {
		binary.BigEndian.PutUint64(key[:], n%10_000)
		if _, found, err := r.Get(nil, key[:]); !found || err != nil {
			b.Fatal(found, err)
		}
	}
	var reads []time.Duration
	for n := uint64(0); b.Loop(); n++ {
		if kind == "attached/commits" {
			put(n % 10_000)
		}
		start := time.Now()
		get(n)
		reads = append(reads, time.Since(start))
	}
	b.ReportMetric(0, "ns/op") // of which the commits are a part
	b.ReportMetric(float64(median(reads).Nanoseconds()), "ns/read")
}

// BenchmarkReadersPaired is BenchmarkReaders for one row with three databases side by side, to each of which every turn
// of the loop commits, in any order: what slows the machine for a while slows all of them. It reports the
// median commit of each.
func BenchmarkReadersPaired(b *testing.B) {
	for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		b.Run(fmt.Sprint("safety=", safety), func(b *testing.B) {
			kinds := []string{"off", "on", "reading"}
			commits := make([]func(), len(kinds))
			for i, kind := range kinds {
				commits[i] = newCommits(b, safety, 1, kind)
			}
			took := make([][]time.Duration, len(kinds))
			rng := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				for _, i := range rng.Perm(len(commits)) { // which one comes before makes a difference, too
					start := time.Now()
					commits[i]()
					took[i] = append(took[i], time.Since(start))
				}
			}
			b.ReportMetric(0, "ns/op")
			for i, kind := range kinds {
				b.ReportMetric(float64(median(took[i]).Nanoseconds()), kind+"-ns")
			}
		})
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
