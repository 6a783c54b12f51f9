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
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "db")
	db, err := engine.Open(ctx, path, engine.Options{Safety: safety, Readers: kind != "off"})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var r *live.Reader
	var hold *live.Hold
	if kind == "reading" {
		data, err := vfs.OS.Open(path, vfs.ReadOnly, 0)
		if err != nil {
			b.Fatal(err)
		}
		defer data.Close()
		page, err := vfs.OS.Open(path+live.Suffix, vfs.ReadOnly, 0)
		if err != nil {
			b.Fatal(err)
		}
		defer page.Close()
		able, ok := data.(vfs.RangeLocker)
		if !ok {
			b.Skip("no locks of ranges here")
		}
		r = live.NewReader(live.ReaderConfig{Locks: able, Page: page, Find: func(base.SnapshotID) (bool, error) { return true, nil }})
	}
	var key [8]byte
	value := make([]byte, 100)
	n := uint64(0)
	for i := 0; b.Loop(); i++ {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range rows {
				n = n*6364136223846793005 + 1442695040888963407
				binary.BigEndian.PutUint64(key[:], n)
				if err := tx.Put(key[:], value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		if r != nil && i%100 == 0 {
			if hold != nil {
				if err := hold.Release(); err != nil {
					b.Fatal(err)
				}
			}
			if hold, err = r.Attach(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
