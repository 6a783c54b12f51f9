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
	nobody       = -1
	maxPending   = 1 << 20 // from which length on a transaction does not wait for others
)

// member is one of the writers that commit in groups: each transaction writes its number under two
// keys, with a value of some length between them. After one that has failed, every other writer commits
// the same once more, and the rest go on with the next number.
type member struct {
	tried, acked atomic.Int64
	failed       atomic.Int64 // the newest number that has failed, of a writer that goes on
	lost         atomic.Int64 // the newest that had failed when a transaction began that was acknowledged
	again        int          // how long the value was that is to be committed once more; 0: none is
}

// known is what was known of all writers at some moment.
type known struct{ acked, lost [groupWriters]int64 }

func memberKey(w, part int) []byte { return fmt.Appendf(nil, "%02d/%d", w, part) }

// commit is the next transaction of a writer. Some are long enough to be written in parts, or not to
// be written with others; some are rolled back, or have levels.
func (g *members) commit(db *engine.DB, w int, rng *rand.Rand) error {
	m := &g.all[w]
	failed := g.failed()
	n := m.tried.Load() + 1
	size := []int{10, 10, 10, 300, 40_000}[rng.IntN(5)]
	if rng.IntN(100) == 0 {
		size = maxPending + 100
	}
	if m.again > 0 {
		n, size = n-1, m.again
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
		if w%2 == 0 {
			m.again = size
		} else {
			m.failed.Store(n)
		}
		return err
	}
	m.again = 0
	m.acked.Store(n)
	g.mu.Lock()
	defer g.mu.Unlock()
	for w := range g.all {
		lost := &g.all[w].lost
		lost.Store(max(lost.Load(), failed[w]))
	}
	return nil
}

// members is all of them, and what went wrong.
type members struct {
	all   [groupWriters]member
	mu    sync.Mutex
	wrong error // the first thing that must not be
}

func (g *members) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wrong == nil {
		g.wrong = err
	}
}

// look wants each writer's number in a snapshot to be whole, between what was acknowledged before and
// what has been tried since, and none that had failed before another was acknowledged. That of the writer
// exactly, if there is one, is what was acknowledged last.
func (g *members) look(s *engine.Snapshot, before known, exactly int, when string) error {
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
		acked, lost, tried := before.acked[w], before.lost[w], g.all[w].tried.Load()
		if got[0] < acked || got[0] > tried || got[0] > acked && (got[0] <= lost || w == exactly) {
			return fmt.Errorf("%s: writer %d is at %d; %d was acknowledged, %d tried, %d lost", when, w, got[0], acked, tried, lost)
		}
	}
	return nil
}

func (g *members) failed() (n [groupWriters]int64) {
	for w := range g.all {
		n[w] = g.all[w].failed.Load()
	}
	return n
}

func (g *members) known() (k known) {
	for w := range g.all {
		k.lost[w] = g.all[w].lost.Load() // first, because what is acknowledged later is greater
		k.acked[w] = g.all[w].acked.Load()
	}
	return k
}

// afterKill is known for a process that is killed where everything that has failed was taken back.
func (g *members) afterKill() known {
	failed := g.failed()
	k := g.known()
	k.lost = failed
	return k
}

// reopen looks at a copy of the files, as they are after a crash.
func (g *members) reopen(files *memfs.FS, before known, when string) error {
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
	return g.look(s, before, nobody, when)
}

// TestGroups has several writers commit with safety full, so that they share writes and syncs, and lets
// these fail, and the power or the process be lost, at any operation. What was acknowledged is there, no
// transaction is there in part, what readers see was committed, and what has failed does not come back.
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
		poisoned, gap := seed%3 == 2, 1
		if !poisoned {
			gap = 2 // what was written despite the error can be taken back
		}
		if poisoned {
			ffs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Nth: 10 + rng.IntN(30), Err: broken})
		}
		if seed%3 > 0 {
			for n := 3 + rng.IntN(5); n < 500; n += gap + rng.IntN(12) {
				ffs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: n, Err: broken, Part: min(1, 2*rng.Float64())})
			}
		}
		sparse := 5 + rng.IntN(5)
		var moments sync.Mutex
		ffs.OnOp(func(op faultfs.Op) {
			inLog, sparse := strings.HasSuffix(op.Name, "-log"), sparse
			if !inLog {
				sparse *= 4
			}
			written := inLog && op.Kind == faultfs.Sync // where what has failed might be followed again
			if op.N%sparse != 0 && !written {
				return
			}
			moments.Lock()
			defer moments.Unlock()
			own := rand.New(rand.NewPCG(seed, uint64(op.N)))
			mode := memfs.CrashKeepAll
			if op.N%sparse == 0 {
				mode = []memfs.CrashMode{memfs.CrashKeepAll, memfs.CrashLoseAll, memfs.CrashRandom}[own.IntN(3)]
			}
			before := g.known()
			if written && mode == memfs.CrashKeepAll && !poisoned {
				before = g.afterKill()
			}
			crashed := mem.Crash(own, mode)
			crashes++
			if err := g.reopen(crashed, before, fmt.Sprintf("seed %d, crash %v before %v", seed, mode, op)); err != nil {
				g.fail(err)
			}
		})
		var wg sync.WaitGroup
		var failed atomic.Int64
		for w := range g.all {
			own := rand.New(rand.NewPCG(seed, uint64(w)))
			wg.Go(func() {
				for range groupRounds {
					if err := g.commit(db, w, own); err != nil {
						failed.Add(1)
						if !errors.Is(err, broken) {
							g.fail(fmt.Errorf("seed %d, writer %d: %w", seed, w, err))
							return
						}
					}
					before := g.known()
					s, err := db.Snapshot(context.Background())
					if err != nil {
						g.fail(err)
						return
					}
					if err := g.look(s, before, w, fmt.Sprintf("seed %d, a snapshot", seed)); err != nil {
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
		if g.wrong != nil {
			t.Fatal(g.wrong)
		}
		crashed := mem.Crash(rng, memfs.CrashLoseAll)
		if err := g.reopen(crashed, g.known(), fmt.Sprintf("seed %d, at the end", seed)); err != nil {
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
