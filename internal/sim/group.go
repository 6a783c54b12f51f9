// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
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
	committing   atomic.Bool
	again        int // how long the value was that is to be committed once more; 0: none is
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
	m.committing.Store(true)
	err = tx.Commit(context.Background())
	m.committing.Store(false)
	if err != nil {
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
	key   keys.Source // of the database, nil: it is in clear
	mu    sync.Mutex
	wrong error // the first thing that must not be
	stats GroupStats
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
	db, err := engine.Open(context.Background(), path, engine.Options{FS: files, Key: g.key})
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

// GroupStats counts what was tried with writers that commit in groups.
type GroupStats struct {
	Crashes, Distinct int
	Failures          int // commits that failed
	Groups            int // syncs of the log at which three writers or more were committing
}

// Groups has several writers commit with safety full, so that they share writes and syncs, and lets
// these fail, and the power or the process be lost, at any operation. What was acknowledged is there, no
// transaction is there in part, what readers see was committed, and what has failed does not come back.
// Goroutines take part: a seed does not do the same each time.
func Groups(seed uint64, key []byte) (GroupStats, error) {
	rng := rand.New(rand.NewPCG(seed, 9))
	r := &groupRun{seed: seed, rng: rng, mem: memfs.New(), seen: make(map[uint64]bool)}
	r.fs = faultfs.Wrap(r.mem)
	o := engine.Options{FS: r.fs, Safety: engine.SafetyFull, PageSize: 512, BlockSize: 64 << 10,
		AutoFlush: 32 << 10, AutoCheckpoint: 128 << 10, Background: engine.Background(rng.IntN(4)),
		Compression: []string{"", "", "lz4", "zlib"}[rng.IntN(4)]}
	if key == nil {
		key = keyOf(seed)
	}
	encrypt(&o, key, seed)
	r.all.key = o.Key
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		return r.all.stats, err
	}
	r.fail()
	r.sparse = 5 + rng.IntN(5)
	r.fs.OnOp(r.before)
	r.write(db)
	r.fs.OnOp(nil)
	g := &r.all
	if err := r.atEnd(); err != nil {
		return g.stats, errors.Join(err, db.Close())
	}
	if err := db.Close(); (err != nil) != r.poisoned {
		return g.stats, fmt.Errorf("close: %w", err)
	}
	return g.stats, nil
}

// atEnd returns what went wrong, and looks at what a loss of power leaves after all commits.
func (r *groupRun) atEnd() error {
	r.moments.Lock() // a goroutine of the database may be at a moment
	defer r.moments.Unlock()
	g := &r.all
	if g.wrong != nil {
		return g.wrong
	}
	return g.reopen(r.mem.Crash(r.rng, memfs.CrashLoseAll), g.known(), "at the end")
}

// groupRun is a database with writers.
type groupRun struct {
	all      members
	seed     uint64
	rng      *rand.Rand
	mem      *memfs.FS
	fs       *faultfs.FS
	poisoned bool // a sync of the log fails
	sparse   int  // one in so many operations on the log is a moment of a crash
	moments  sync.Mutex
	seen     map[uint64]bool
}

var errOnPurpose = errors.New("broken on purpose")

// fail chooses which writes and syncs fail.
func (r *groupRun) fail() {
	gap := 1
	if r.poisoned = r.seed/3%3 == 2; r.poisoned {
		r.fs.Add(faultfs.Rule{On: faultfs.Sync, Suffix: "-log", Nth: 10 + r.rng.IntN(30), Err: errOnPurpose})
	} else {
		gap = 2 // what was written despite the error can be taken back
	}
	if r.seed/3%3 > 0 {
		for n := 3 + r.rng.IntN(5); n < 500; n += gap + r.rng.IntN(12) {
			r.fs.Add(faultfs.Rule{On: faultfs.Write, Suffix: "-log", Nth: n, Err: errOnPurpose, Part: min(1, 2*r.rng.Float64())})
		}
	}
}

// before is called before each operation that changes a file.
func (r *groupRun) before(op faultfs.Op) {
	inLog, sparse := strings.HasSuffix(op.Name, "-log"), r.sparse
	if !inLog {
		sparse *= 4
	}
	written := inLog && op.Kind == faultfs.Sync // where what has failed might be followed again
	r.moments.Lock()
	defer r.moments.Unlock()
	if written {
		r.countGroup()
	}
	if op.N%sparse != 0 && !written {
		return
	}
	own := rand.New(rand.NewPCG(r.seed, uint64(op.N)))
	modes := []memfs.CrashMode{memfs.CrashKeepAll}
	if op.N%sparse == 0 {
		modes = append(modes, memfs.CrashLoseAll, memfs.CrashRandom)
	}
	g := &r.all
	before := g.known()
	afterKill := before
	if written && !r.poisoned {
		afterKill = g.afterKill()
	}
	for _, mode := range modes {
		g.stats.Crashes++
		crashed, want := r.mem.Crash(own, mode), before
		if mode == memfs.CrashKeepAll {
			want = afterKill
		}
		if h := hashOf(crashed); !r.seen[h] {
			r.seen[h] = true
			g.stats.Distinct++
		}
		if err := g.reopen(crashed, want, fmt.Sprintf("crash %v before %v", mode, op)); err != nil {
			g.fail(err)
		}
	}
}

// countGroup counts a sync of the log at which three writers or more are committing.
func (r *groupRun) countGroup() {
	waiting := 0
	for w := range r.all.all {
		if r.all.all[w].committing.Load() {
			waiting++
		}
	}
	if waiting >= 3 {
		r.all.stats.Groups++
	}
}

// write has all writers commit, and waits for them.
func (r *groupRun) write(db *engine.DB) {
	g := &r.all
	var wg sync.WaitGroup
	var failed atomic.Int64
	for w := range g.all {
		own := rand.New(rand.NewPCG(r.seed, uint64(w)))
		wg.Go(func() {
			for range groupRounds {
				if err := g.commit(db, w, own); err != nil {
					failed.Add(1)
					if !errors.Is(err, errOnPurpose) {
						g.fail(fmt.Errorf("writer %d: %w", w, err))
						return
					}
				}
				before := g.known()
				s, err := db.Snapshot(context.Background())
				if err != nil {
					g.fail(err)
					return
				}
				if err := g.look(s, before, w, "a snapshot"); err != nil {
					g.fail(err)
				}
				s.Close()
			}
		})
	}
	wg.Wait()
	g.stats.Failures = int(failed.Load())
}

// groupLosses is the shape of PowerLoss with groups of commits, all at safety full.
func groupLosses(seed uint64, _ engine.Safety, key []byte) (CrashStats, error) {
	stats, err := Groups(seed, key)
	return CrashStats{
		Cases: stats.Crashes, Distinct: stats.Distinct,
		Rare:  map[string]int{"log synced while three commit": stats.Groups, "commit of a group fails": stats.Failures},
		Kinds: map[string]int{"in a group of commits": stats.Crashes},
	}, err
}
