// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// isMeta and isData tell apart the writes of checkpoints to the two meta pages, and those to
// the pages behind them.
func isMeta(op faultfs.Op) bool { return op.Off == 0 || op.Off == 4096 }
func isData(op faultfs.Op) bool { return op.Off >= 8192 }

// workFaults are ways in which each kind of work fails: only merges read pages here.
var workFaults = []struct {
	name string
	rule faultfs.Rule
}{
	{"flush", faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: isData}},
	{"merge", faultfs.Rule{On: faultfs.Read, Suffix: ".lsm", Match: isData}},
	{"checkpoint", faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: isMeta}},
}

// failing is a database whose work fails.
type failing struct {
	*engine.DB
	fs     *faultfs.FS
	mu     sync.Mutex
	events []error // what the observer was told
	acked  int
}

func openFailing(t *testing.T, o engine.Options) *failing {
	t.Helper()
	f := &failing{fs: faultfs.Wrap(memfs.New())}
	o.FS = f.fs
	o.Observer = &engine.Observer{Failed: func(e engine.FailEvent) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.events = append(f.events, e.Err)
	}}
	db, err := engine.Open(context.Background(), "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	f.DB = db
	if err := f.put(); err != nil { // the first commit writes to a meta page that the log is in use
		t.Fatal(err)
	}
	return f
}

// put commits one more row.
func (f *failing) put() error {
	err := f.Update(context.Background(), func(tx *engine.Tx) error {
		return tx.Put(fmt.Appendf(nil, "%08d", f.acked), make([]byte, 1000))
	})
	if err == nil {
		f.acked++
	}
	return err
}

func (f *failing) told() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.events)
}

// close wants every acknowledged row, and closes.
func (f *failing) close(t *testing.T) {
	t.Helper()
	if n := rows(t, f.DB); n != f.acked {
		t.Errorf("%d rows of %d", n, f.acked)
	}
	expectSound(t, f.DB)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

var failOptions = engine.Options{AutoFlush: 16 << 10, AutoCheckpoint: 64 << 10, AutoMerge: 2, PageSize: 1024, BlockSize: 64 << 10}

// TestWorkErrorReachesOneTransaction fails one operation of each kind of work in each mode. One
// transaction is told, the observer too, and all goes on.
func TestWorkErrorReachesOneTransaction(t *testing.T) {
	for _, mode := range backgrounds {
		for _, fault := range workFaults {
			t.Run(fmt.Sprintf("%s, %v", fault.name, mode), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := failOptions
					o.Background = mode
					f := openFailing(t, o)
					rule := fault.rule
					rule.Err = syscall.EIO
					hit := f.fs.Add(rule)
					refused := 0
					for range 600 {
						if err := f.put(); err != nil {
							if refused++; !errors.Is(err, syscall.EIO) {
								t.Fatal(err)
							}
						}
						time.Sleep(time.Millisecond)
					}
					synctest.Wait()
					if hit.Hits() != 1 || refused != 1 || f.told() != 1 {
						t.Errorf("%d operations failed, %d transactions and %d times the observer were told", hit.Hits(), refused, f.told())
					}
					f.close(t)
				})
			})
		}
	}
}

// TestCheckpointerErrorIsNotErased lets a checkpoint fail in the background while a transaction
// is open, whose commit then flushes with success: the next transaction is told all the same.
func TestCheckpointerErrorIsNotErased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		o := failOptions
		o.Background = engine.BackgroundCheckpointer
		f := openFailing(t, o)
		hit := f.fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: isMeta, Err: syscall.EIO, Delay: time.Second})
		var writing atomic.Bool
		f.fs.OnOp(func(op faultfs.Op) {
			if op.Kind == faultfs.Write && strings.HasSuffix(op.Name, ".lsm") && isMeta(op) {
				writing.Store(true)
			}
		})
		for !writing.Load() {
			if err := f.put(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		tx, err := f.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			if err := tx.Put(fmt.Appendf(nil, "%08d", f.acked), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			f.acked++
		}
		time.Sleep(2 * time.Second)
		if hit.Hits() != 1 || f.told() != 1 {
			t.Fatalf("%d writes failed, the observer was told %d times", hit.Hits(), f.told())
		}
		before := f.Stats().Flushes + f.Stats().Merges
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if f.Stats().Flushes+f.Stats().Merges == before {
			t.Fatal("the commit has done no work")
		}
		if err := f.put(); !errors.Is(err, syscall.EIO) {
			t.Errorf("the next transaction: %v", err)
		}
		if err := f.put(); err != nil {
			t.Errorf("the one after: %v", err)
		}
		f.close(t)
	})
}

// TestFullDiskIsForgottenOnceThereIsRoom fills the disk until work has failed and nobody was
// told yet, in every mode. The first transaction after room was made finds none of it.
func TestFullDiskIsForgottenOnceThereIsRoom(t *testing.T) {
	for _, mode := range backgrounds {
		for _, fault := range workFaults {
			if fault.name == "merge" {
				continue // reads find no full disk
			}
			synctest.Test(t, func(t *testing.T) {
				o := failOptions
				o.Background = mode
				f := openFailing(t, o)
				rule := fault.rule
				rule.Err, rule.Forever = syscall.ENOSPC, true
				f.fs.Add(rule)
				for f.told() == 0 {
					if err := f.put(); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				f.fs.Clear()
				for i := range 300 {
					if err := f.put(); err != nil {
						t.Fatalf("%s, mode %v: transaction %d with room: %v", fault.name, mode, i, err)
					}
				}
				f.close(t)
			})
		}
	}
}

// TestFailedFlushIsTriedAfterGrowingPauses writes a little each millisecond to a disk that is
// full, or broken. The flush is tried now and then, not by every commit; transactions are
// refused where memory would grow beyond its bound; and all goes on when the disk is well.
func TestFailedFlushIsTriedAfterGrowingPauses(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		for _, mode := range backgrounds {
			synctest.Test(t, func(t *testing.T) {
				o := failOptions
				o.AutoFlush, o.Background = 256<<10, mode
				f := openFailing(t, o)
				broken := f.fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: isData, Err: cause, Forever: true})
				refused := 0
				for f.Stats().OldBytes+f.Stats().LiveBytes < 700<<10 {
					if err := f.put(); err != nil {
						if refused++; !errors.Is(err, cause) {
							t.Fatal(err)
						}
					}
					time.Sleep(time.Millisecond)
				}
				// About 450 ms: pauses of 10, 20, ... 320 ms, and an attempt for each report of
				// a full disk.
				if hits := broken.Hits(); hits < 3 || hits > 14 || refused > 7 {
					t.Errorf("%v, mode %v: %d attempts, %d transactions refused", cause, mode, hits, refused)
				}
				for range 200 {
					if err := f.put(); err != nil && !errors.Is(err, cause) {
						t.Fatal(err)
					}
				}
				if s := f.Stats(); s.OldBytes+s.LiveBytes > 3*256<<10+2000 {
					t.Errorf("%v, mode %v: the trees have %d bytes", cause, mode, s.OldBytes+s.LiveBytes)
				}
				if err := f.put(); !errors.Is(err, cause) {
					t.Errorf("%v, mode %v: with full trees: %v", cause, mode, err)
				}
				f.fs.Clear()
				// Without a merger it is commits that try again.
				time.Sleep(6 * time.Second)
				synctest.Wait()
				err := f.put()
				if err != nil && cause == syscall.EIO {
					err = f.put() // the first one was told
				}
				if err != nil {
					t.Errorf("%v, mode %v: the disk is well: %v", cause, mode, err)
				}
				f.close(t)
			})
		}
	}
}

// TestFullLogRefusesTransactions lets all checkpoints fail: the log grows to its hard bound,
// and no further; with room for a checkpoint all goes on.
func TestFullLogRefusesTransactions(t *testing.T) {
	for _, mode := range backgrounds {
		synctest.Test(t, func(t *testing.T) {
			o := failOptions
			o.Background, o.MaxLog = mode, 128<<10
			f := openFailing(t, o)
			f.fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: ".lsm", Match: isMeta, Err: syscall.ENOSPC, Forever: true})
			var last error
			for range 1000 {
				if last = f.put(); last != nil && !errors.Is(last, engine.ErrFull) {
					t.Fatal(last)
				}
				time.Sleep(time.Millisecond)
			}
			if s := f.Stats(); s.LogBytes > 2*128<<10+2000 || last == nil {
				t.Errorf("mode %v: %d bytes of the log are needed; the last transaction: %v", mode, s.LogBytes, last)
			}
			f.fs.Clear()
			for i := range 300 {
				if err := f.put(); err != nil {
					t.Fatalf("mode %v: transaction %d with room: %v", mode, i, err)
				}
			}
			if s := f.Stats(); s.LogBytes > 2*128<<10+2000 {
				t.Errorf("mode %v: %d bytes of the log are needed", mode, s.LogBytes)
			}
			f.close(t)
		})
	}
}
