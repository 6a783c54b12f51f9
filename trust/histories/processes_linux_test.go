// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/errs"
)

var (
	processes    = flag.Int("readers.processes", 4, "how many processes TestReadersInOtherProcesses has")
	readersPer   = flag.Int("readers.each", 16, "how many readers each of them has")
	readersSteps = flag.Int("readers.commits", 6, "how often each of the four writers commits")
)

// lookArgument is what a process of readers needs to know.
type lookArgument struct {
	Path    string
	Readers int
}

// sight is what a reader has seen: when it began to look, the number of the state, and what its rows add up to.
type sight struct {
	Began int64
	State int
	Sum   uint64
}

func init() { roles["look"] = lookUntilTheLast }

// lastState is the number of a state that no test reaches: it is to end the readers.
const lastState = 1 << 30

// lookUntilTheLast has readers who look until the state is the last one.
func lookUntilTheLast() error {
	var a lookArgument
	if err := argument(&a); err != nil {
		return err
	}
	db, err := engine.Open(context.Background(), a.Path, engine.Options{ReadOnly: true, CacheSize: 256 << 10})
	if err != nil {
		return err
	}
	store := enginetest.Engine(db)
	var all sync.WaitGroup
	failed := make([]error, a.Readers)
	for i := range failed {
		all.Go(func() {
			for failed[i] == nil {
				s := sight{Began: monotonic()}
				if s, failed[i] = look(store, s); failed[i] == nil {
					failed[i] = say(s)
				}
				if errors.Is(failed[i], errs.ErrSnapshotGone) {
					failed[i] = nil
				} else if s.State == lastState {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(append(failed, db.Close())...)
}

func look(store enginetest.Store, s sight) (sight, error) {
	snap, err := store.Snapshot(context.Background())
	if err != nil {
		return s, err
	}
	n, err := stateOf(snap.Get)
	if err != nil {
		return s, errors.Join(err, snap.Close())
	}
	m, err := enginetest.Read(snap)
	s.State, s.Sum = n, sum(m)
	return s, errors.Join(err, snap.Close())
}

// sum is a sum over all rows, the same in all processes.
func sum(m enginetest.Map) uint64 {
	h := fnv.New64a()
	for key, value := range m.All() {
		fmt.Fprintf(h, "%q=%q;", key, value)
	}
	return h.Sum64()
}

// TestReadersInOtherProcesses has 64 readers in four processes next to four writers that commit together: each snapshot
// is exactly one committed state, no older than any that was acknowledged when it was opened.
func TestReadersInOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lsm")
	rng := rand.New(rand.NewPCG(1, 18))
	o := small(rng, engine.SafetyFull)
	o.FS, o.Readers = nil, true
	db, err := engine.Open(context.Background(), path, o)
	must(t, err)
	s := newStates(monotonic)
	var reading sync.WaitGroup
	failed := make([]error, *processes)
	counts := make([]int, *processes)
	for i := range failed {
		p, err := startRole("look", lookArgument{path, *readersPer})
		must(t, err)
		reading.Go(func() {
			counts[i], failed[i] = s.compare(p)
			failed[i] = errors.Join(failed[i], p.wait(false))
		})
	}
	g := enginetest.NewGen(rng, o.PageSize, 4096)
	var writing sync.WaitGroup
	var wrote [4]error
	for i := range wrote {
		own := rand.New(rand.NewPCG(uint64(i), 19))
		writing.Go(func() {
			for n := 0; n < *readersSteps && wrote[i] == nil; n++ {
				wrote[i] = s.commit(db, g, own)
			}
		})
	}
	writing.Wait()
	must(t, db.Update(context.Background(), func(tx *engine.Tx) error {
		return tx.Put([]byte(stateKey), fmt.Append(nil, lastState))
	}))
	reading.Wait()
	must(t, errors.Join(append(failed, wrote[:]...)...))
	must(t, db.Close())
	total := 0
	for _, n := range counts {
		total += n
	}
	t.Logf("%d snapshots of %d readers in %d processes, %d states", total, *processes**readersPer, *processes, len(s.all))
	if total < *processes**readersPer {
		t.Errorf("only %d snapshots were compared", total)
	}
}

// compare reads what the readers of a process have seen, and counts it.
func (s *states) compare(p *another) (count int, err error) {
	for {
		var saw sight
		switch err := p.next(&saw); {
		case err == io.EOF:
			return count, nil
		case err != nil:
			return count, err
		}
		count++
		if saw.State == lastState {
			continue
		}
		want, err := s.at(saw.State)
		switch atLeast := s.newestAt(saw.Began); {
		case err != nil:
			return count, err
		case sum(want) != saw.Sum:
			return count, fmt.Errorf("the rows of a snapshot of state %d are those of no state that was committed", saw.State)
		case saw.State < atLeast:
			return count, fmt.Errorf("state %d is shown after the commit of %d had returned", saw.State, atLeast)
		}
	}
}
