// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/campaign"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

// killArgument is what a process that is to be killed needs to know.
type killArgument struct {
	Path  string
	Seed  uint64 // of the options, the same in all processes of a database
	Clock int    // how many processes there were before
}

// event is what it prints: before a commit, and when a transaction has ended.
type event struct {
	Txn   Txn
	Ended bool
}

func (a killArgument) options() engine.Options {
	rng := rand.New(rand.NewPCG(a.Seed, 16))
	o := small(rng, engine.SafetyOff+engine.Safety(rng.IntN(3)))
	o.FS, o.Readers, o.Background = nil, true, engine.Background(rng.IntN(4))
	return o
}

func init() { roles["commit"] = commitUntilKilled }

// commitUntilKilled has three writers and one whose snapshots become transactions, next to work, until it is killed.
func commitUntilKilled() error {
	var a killArgument
	if err := argument(&a); err != nil {
		return err
	}
	db, err := engine.Open(context.Background(), a.Path, a.options())
	if err != nil {
		return err
	}
	r := &recorder{clock: monotonic, tell: func(t Txn, ended bool) {
		if err := say(event{t, ended}); err != nil {
			os.Exit(3)
		}
	}}
	r.value.Store(uint32(a.Clock+1) << 20) // no process writes a value of another one
	var all []func() error
	for i := range 4 {
		c := &client{recorder: r, number: 10*(a.Clock+1) + i, way: byEngine{db}, rng: rand.New(rand.NewPCG(rand.Uint64(), 0))}
		all = append(all, c.write)
		if i == 3 {
			all[i] = c.upgrade
		}
	}
	work, rng := house(db), rand.New(rand.NewPCG(rand.Uint64(), 0))
	all = append(all, func() error {
		time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
		return work(context.Background(), rng)
	})
	return run(all, 1<<30)
}

// story is the history of a database whose processes are killed.
type story struct {
	killArgument
	recorder
	begun map[[2]int64]Txn // commits that have not returned
}

// kill has a process commit, kills it after so many lines, and takes in what it has said until then.
func (s *story) kill(lines int) error {
	p, err := startRole("commit", s.killArgument)
	if err != nil {
		return err
	}
	s.Clock++
	for n := 0; ; n++ {
		var e event
		if err := p.next(&e); err != nil {
			break
		}
		if n == lines {
			if err := p.cmd.Process.Kill(); err != nil {
				return errors.Join(err, p.wait(true))
			}
		}
		id := [2]int64{int64(e.Txn.Client), e.Txn.Call}
		if !e.Ended {
			s.begun[id] = e.Txn
			continue
		}
		delete(s.begun, id)
		s.txns = append(s.txns, e.Txn)
	}
	return p.wait(true)
}

// TestKilledHistories kills processes with four writers in the middle, again and again, while two readers go on from
// one process to the next. One order explains all that they have ever seen: each commit that returned has its place in
// it, and each one that did not took place as a whole or not at all.
func TestKilledHistories(t *testing.T) {
	const kills = 4
	campaign.Run(t, campaign.Campaign{
		Name: "killed-histories", Cases: "kills", Goal: 10_000, Brief: 2, CPU: 2 * time.Second,
		Marks: []string{"a commit had begun and not returned"},
		Unit: func(unit uint64, tally *campaign.Tally) (err error) {
			dir, err := os.MkdirTemp("", "histories")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			rng := rand.New(rand.NewPCG(unit, 17))
			s := &story{killArgument: killArgument{Path: filepath.Join(dir, "x.lsm"), Seed: unit},
				recorder: recorder{clock: monotonic}, begun: make(map[[2]int64]Txn)}
			reader, err := attachOnce(s.Path, s.options())
			if err != nil {
				return err
			}
			stop := make(chan struct{})
			var readers sync.WaitGroup
			var seen [2]error
			for i := range seen {
				c := &client{recorder: &s.recorder, number: i, far: true, way: byEngine{reader}, rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
				do := []func() error{c.look, c.get}[i]
				readers.Go(func() {
					for seen[i] == nil {
						seen[i] = do()
						select {
						case <-stop:
							return
						case <-time.After(time.Millisecond):
						}
					}
				})
			}
			for range kills {
				if err = errors.Join(err, s.kill(20+rng.IntN(100))); err != nil {
					break
				}
			}
			close(stop)
			readers.Wait()
			if err = errors.Join(err, seen[0], seen[1], reader.Close()); err != nil {
				return err
			}
			for _, t := range s.begun {
				t.Outcome = Unknown
				s.txns = append(s.txns, t)
				tally.Mark("a commit had begun and not returned")
			}
			if err := s.ending(); err != nil {
				return err
			}
			tally.Add(kills)
			tally.Count("transactions", len(s.txns))
			tally.Count("transactions of unknown outcome", len(s.begun))
			tally.Count("reads in another process", len(s.far.txns))
			tally.Count("reads that were refused", int(s.gone.Load()))
			return judged(&s.recorder, unit)
		},
	})
}

// attachOnce creates a database and returns a handle that reads it, and that was attached before to a process that
// writes: one that never was looks for such a process every 10 milliseconds only.
func attachOnce(path string, o engine.Options) (*engine.DB, error) {
	ctx := context.Background()
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	reader, err := engine.Open(ctx, path, engine.Options{FS: &process{vfs.OS}, ReadOnly: true, CacheSize: 32 << 10})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, ok := reader.Attached(); !ok {
		return nil, errors.Join(errors.New("the reader is not attached"), reader.Close(), db.Close())
	}
	return reader, db.Close()
}

// ending opens the database once more, checks it, and adds what is in it to the history.
func (s *story) ending() error {
	t := Txn{Client: 9, Call: s.clock()}
	db, err := engine.Open(context.Background(), s.Path, s.options())
	if err != nil {
		return fmt.Errorf("open at the end: %w", err)
	}
	o := Op{Kind: Scan}
	err = db.View(context.Background(), func(snap *engine.Snapshot) (err error) {
		o.Seen, err = scanned(engineSnapshot{snap, db})
		return err
	})
	t.Ops, t.Return = []Op{o}, s.clock()
	s.txns = append(s.txns, t)
	for p := range db.Check(context.Background()) {
		err = errors.Join(err, errors.New(p.String()))
	}
	return errors.Join(err, db.Close())
}
