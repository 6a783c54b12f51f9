// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/live"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// BenchmarkReaders commits rows of 100 bytes, without readers, with readers=on, and with a process that holds on to a
// checkpoint and moves on to the next one each 100 transactions.
func BenchmarkReaders(b *testing.B) {
	for _, safety := range []engine.Safety{engine.SafetyNormal, engine.SafetyFull} {
		for _, rows := range []int{1, 100} {
			for _, kind := range []string{"off", "on", "reading"} {
				b.Run(fmt.Sprintf("safety=%v/rows=%d/readers=%s", safety, rows, kind), func(b *testing.B) {
					benchmarkReaders(b, safety, rows, kind)
				})
			}
		}
	}
}

func benchmarkReaders(b *testing.B, safety engine.Safety, rows int, kind string) {
	commit := newCommits(b, safety, rows, kind)
	for b.Loop() {
		commit()
	}
}

// newCommits opens a database, until the end of the benchmark, and returns what commits a transaction to it.
func newCommits(b *testing.B, safety engine.Safety, rows int, kind string) (commit func()) {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "db")
	db, err := engine.Open(ctx, path, engine.Options{Safety: safety, Readers: kind != "off"})
	must(err)
	b.Cleanup(func() { _ = db.Close() })
	var r *live.Reader
	var hold *live.Hold
	if kind == "reading" {
		data, err := vfs.OS.Open(path, vfs.ReadOnly, 0)
		must(err)
		b.Cleanup(func() { _ = data.Close() })
		page, err := vfs.OS.Open(path+live.Suffix, vfs.ReadOnly, 0)
		must(err)
		b.Cleanup(func() { _ = page.Close() })
		able, ok := data.(vfs.RangeLocker)
		if !ok {
			b.Skip("no locks of ranges here")
		}
		r = live.NewReader(live.ReaderConfig{Locks: able, Page: page, Find: func(base.SnapshotID) (bool, error) { return true, nil }})
	}
	var key [8]byte
	value := make([]byte, 100)
	n, commits := uint64(0), 0
	put := func(tx *engine.Tx) error {
		for range rows {
			n = n*6364136223846793005 + 1442695040888963407
			binary.BigEndian.PutUint64(key[:], n)
			if err := tx.Put(key[:], value); err != nil {
				return err
			}
		}
		return nil
	}
	return func() {
		must(db.Update(ctx, put))
		if commits++; r == nil || commits%100 != 1 {
			return
		}
		if hold != nil {
			must(hold.Release())
		}
		var err error
		hold, err = r.Attach()
		must(err)
	}
}
