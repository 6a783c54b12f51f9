// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestChangesCostNoAllocation: a commit allocates as much with a stream that is read as without any.
func TestChangesCostNoAllocation(t *testing.T) {
	notUnderRace(t)
	commitCost(t, engine.Options{Changes: 1 << 20}, 2000, 2, commitBytes)
}

// TestChangesReadWithoutAllocation: a stream that hands over each transaction as it comes, with its operations,
// allocates nothing, and the commits as much as without it: a transaction and a state.
func TestChangesReadWithoutAllocation(t *testing.T) {
	notUnderRace(t)
	ctx, cancel := context.WithCancel(context.Background())
	db, err := engine.Open(ctx, t.TempDir()+"/a.lsm", engine.Options{Changes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	from, read := positionNow(t, db), make(chan int)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(read)
		for c, err := range db.Changes(ctx, from, engine.ChangeOptions{}) {
			n := 0
			if err == nil {
				for _, err := range c.Ops {
					if err != nil {
						t.Error(err)
					}
					n++
				}
			}
			select {
			case read <- n:
			case <-ctx.Done():
			}
		}
	})
	var key [16]byte
	value := make([]byte, 100)
	n := uint64(0)
	put := func() {
		n++
		binary.BigEndian.PutUint64(key[:], n*0x9E3779B97F4A7C15)
		tx, err := db.Begin(ctx)
		if err == nil {
			if err = tx.Put(key[:], value); err == nil {
				err = tx.Commit(ctx)
			}
		}
		if ops := <-read; err != nil || ops != 1 {
			t.Fatalf("%d operations, %v", ops, err)
		}
	}
	for range 200 {
		put()
	}
	if got := testing.AllocsPerRun(300, put); got > 2 {
		t.Errorf("%v allocations, want 2", got)
	}
	cancel()
	reader.Wait()
	mustClose(t, db)
}

// BenchmarkCommitWithStreams is a commit of one row of 116 bytes, without a stream, with one of which the reader does
// something else, and with one that reads each transaction as it comes.
func BenchmarkCommitWithStreams(b *testing.B) {
	for _, c := range []struct {
		name    string
		changes int64
		readers int
		reads   bool
	}{{"off", 0, 0, false}, {"none", 64 << 20, 0, false}, {"idle", 64 << 20, 1, false}, {"reading", 64 << 20, 1, true}} {
		b.Run(fmt.Sprint("streams=", c.name), func(b *testing.B) {
			ctx, cancel := context.WithCancel(context.Background())
			db, err := engine.Open(ctx, b.TempDir()+"/a.lsm", engine.Options{Changes: c.changes})
			if err != nil {
				b.Fatal(err)
			}
			var all sync.WaitGroup
			from := positionNow(b, db)
			for range c.readers {
				all.Go(func() {
					for range db.Changes(ctx, from, engine.ChangeOptions{}) {
						if !c.reads {
							<-ctx.Done()
						}
					}
				})
			}
			var key [16]byte
			value := make([]byte, 100)
			n := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				n++
				binary.BigEndian.PutUint64(key[:], n*0x9E3779B97F4A7C15)
				tx, err := db.Begin(ctx)
				if err == nil {
					if err = tx.Put(key[:], value); err == nil {
						err = tx.Commit(ctx)
					}
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			cancel()
			all.Wait()
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
