// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

const (
	groupWriters = 8
	groupRounds  = 40
	maxPending   = 1 << 20 // from which length on a transaction does not wait for others
)

// member is one of the writers that commit in groups: each transaction writes its number under two
// keys, with a value of some length between them.
type member struct {
	tried, acked atomic.Int64
}

func memberKey(w, part int) []byte { return fmt.Appendf(nil, "%02d/%d", w, part) }

// commit is the next transaction of a writer. Some are long enough to be written in parts, or not to
// be written with others; some are rolled back, or have levels.
func (m *member) commit(db *engine.DB, w int, rng *rand.Rand) error {
	n := m.tried.Load() + 1
	size := []int{10, 10, 10, 300, 40_000}[rng.IntN(5)]
	if rng.IntN(100) == 0 {
		size = maxPending + 100
	}
	tx, err := db.Begin(context.Background())
	if err != nil {
		return err
	}
	number := binary.BigEndian.AppendUint64(nil, uint64(n))
	err = tx.Put(memberKey(w, 0), number)
	if err == nil {
		err = tx.Put(memberKey(w, 1), append(number, make([]byte, size)...))
	}
	if err == nil && rng.IntN(4) == 0 {
		if _, err = tx.Begin(); err == nil {
			err = errors.Join(tx.Delete(memberKey(w, 0)), tx.RollbackTo(2))
		}
	}
	if err == nil {
		err = tx.Put(memberKey(w, 2), number)
	}
	if err != nil || rng.IntN(10) == 0 {
		return errors.Join(err, tx.Rollback())
	}
	m.tried.Store(n)
	if err := tx.Commit(context.Background()); err != nil {
		return err
	}
	m.acked.Store(n)
	return nil
}

// members is all of them, and what went wrong.
type members struct {
	all    [groupWriters]member
	mu     sync.Mutex
	failed error // the first thing that must not be
}

func (g *members) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed == nil {
		g.failed = err
	}
}

// look wants each writer's number in a snapshot to be whole, and between what was acknowledged before and
// what has been tried since.
func (g *members) look(s *engine.Snapshot, least [groupWriters]int64, when string) error {
	for w := range g.all {
		var got [3]int64
		for part := range got {
			v, found, err := s.Get(nil, memberKey(w, part))
			if err != nil {
				return fmt.Errorf("%s: %w", when, err)
			}
			if found {
				got[part] = int64(binary.BigEndian.Uint64(v))
			}
		}
		if got[0] != got[1] || got[0] != got[2] {
			return fmt.Errorf("%s: writer %d has a part of a transaction: %v", when, w, got)
		}
		if got[0] < least[w] || got[0] > g.all[w].tried.Load() {
			return fmt.Errorf("%s: writer %d is at %d; %d was acknowledged, %d tried", when, w, got[0], least[w], g.all[w].tried.Load())
		}
	}
	return nil
}

func (g *members) acked() (n [groupWriters]int64) {
	for w := range g.all {
		n[w] = g.all[w].acked.Load()
	}
	return n
}

// reopen looks at a copy of the files, as they are after a crash.
func (g *members) reopen(files *memfs.FS, least [groupWriters]int64, when string) error {
	db, err := engine.Open(context.Background(), "/db", engine.Options{FS: files})
	if err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	defer db.Close()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		return err
	}
	defer s.Close()
	return g.look(s, least, when)
}

// TestGroups has several writers commit with safety full, so that they share writes and syncs, and lets
// these fail, and the power or the process be lost, at any operation. What was acknowledged is there, no
// transaction is there in part, and what readers see was committed.
func TestGroups(t *testing.T) {
	broken := errors.New("broken on purpose")
	crashes, failures := 0, 0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 9))
		mem := memfs.New()
		ffs := faultfs.Wrap(mem)
		o := engine.Options{FS: ffs, Safety: engine.SafetyFull, PageSize: 512, BlockSize: 64 << 10,
			AutoFlush: 32 << 10, AutoCheckpoint: 128 << 10, Background: backgrounds[rng.IntN(len(backgrounds))]}
		db, err := engine.Open(context.Background(), "/db", o)
		if err != nil {
			t.Fatal(err)
		}
		g := new(members)
		poisoned := seed%3 == 2
		if poisoned {
			ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Nth: 10 + rng.IntN(30), Err: broken})
		}
		if seed%3 > 0 {
			for n := 3 + rng.IntN(5); n < 500; n += 1 + rng.IntN(12) {
				ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: n, Err: broken, Part: rng.Float64()})
			}
		}
		sparse := 5 + rng.IntN(5)
		var moments sync.Mutex
		ffs.OnOp(func(op faultfs.Op) {
			if op.N%sparse != 0 || !strings.HasSuffix(op.Name, "-log") && op.N%(4*sparse) != 0 {
				return
			}
			moments.Lock()
			defer moments.Unlock()
			least := g.acked()
			own := rand.New(rand.NewPCG(seed, uint64(op.N)))
			mode := []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll, memfs.CrashRandom}[own.IntN(3)]
			crashed := mem.Crash(own, mode)
			crashes++
			if err := g.reopen(crashed, least, fmt.Sprintf("seed %d, crash %v before %v", seed, mode, op)); err != nil {
				g.fail(err)
			}
		})
		var wg sync.WaitGroup
		var failed atomic.Int64
		for w := range g.all {
			own := rand.New(rand.NewPCG(seed, uint64(w)))
			wg.Go(func() {
				for range groupRounds {
					if err := g.all[w].commit(db, w, own); err != nil {
						failed.Add(1)
						if !errors.Is(err, broken) {
							g.fail(fmt.Errorf("seed %d, writer %d: %w", seed, w, err))
							return
						}
					}
					least := g.acked()
					s, err := db.Snapshot(context.Background())
					if err != nil {
						g.fail(err)
						return
					}
					if err := g.look(s, least, fmt.Sprintf("seed %d, a snapshot", seed)); err != nil {
						g.fail(err)
					}
					s.Close()
				}
			})
		}
		wg.Wait()
		ffs.OnOp(nil)
		moments.Lock()
		failures += int(failed.Load())
		if g.failed != nil {
			t.Fatal(g.failed)
		}
		crashed := mem.Crash(rng, memfs.CrashLoseAll)
		if err := g.reopen(crashed, g.acked(), fmt.Sprintf("seed %d, at the end", seed)); err != nil {
			t.Error(err)
		}
		moments.Unlock()
		if err := db.Close(); (err != nil) != poisoned {
			t.Errorf("seed %d: close: %v", seed, err)
		}
	}
	t.Logf("%d crashes, %d failures", crashes, failures)
	if crashes < 200 || failures < 50 {
		t.Errorf("%d crashes, %d failures only", crashes, failures)
	}
}
