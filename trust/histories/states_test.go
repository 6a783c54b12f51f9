// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

// stateKey is the key of the number of a state, which is a row of it.
const stateKey = "~state"

// states are all that were committed, or are about to be, each under its number.
type states struct {
	clock Clock
	mu    sync.Mutex
	all   []enginetest.Map
	acked []int64 // when the commit of each of them had returned, 0 for one that has not
	most  int     // the newest of those
}

func newStates(clock Clock) *states {
	return &states{clock: clock, all: []enginetest.Map{{}}, acked: []int64{clock()}}
}

// newest returns the newest state of which the commit has returned.
func (s *states) newest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// newestAt is newest at an earlier moment.
func (s *states) newestAt(moment int64) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, at := range s.acked {
		if at != 0 && at < moment {
			n = i
		}
	}
	return n
}

func (s *states) at(n int) (enginetest.Map, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n >= len(s.all) {
		return enginetest.Map{}, fmt.Errorf("state %d was never committed, %d is the newest", n, len(s.all)-1)
	}
	return s.all[n], nil
}

// commit is a transaction that leads to the next state.
func (s *states) commit(db *engine.DB, g *enginetest.Gen, rng *rand.Rand) error {
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	n, err := stateOf(tx.Get)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	m, err := s.at(n)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for range 1 + rng.IntN(12) {
		key, value := g.Key(rng), g.Value(rng)
		switch rng.IntN(8) {
		case 0:
			m, err = m.Delete(key), tx.Delete([]byte(key))
		case 1:
			to := g.Key(rng)
			m, err = m.DeleteRange(key, to), tx.DeleteRange([]byte(key), []byte(to))
		default:
			m, err = m.Put(key, value), tx.Put([]byte(key), []byte(value))
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	n++
	m = m.Put(stateKey, strconv.Itoa(n))
	if err := tx.Put([]byte(stateKey), strconv.AppendInt(nil, int64(n), 10)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	s.mu.Lock()
	s.all, s.acked = append(s.all[:n], m), append(s.acked[:n], 0)
	s.mu.Unlock()
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.acked[n], s.most = s.clock(), max(s.most, n)
	s.mu.Unlock()
	return nil
}

// stateOf reads the number of a state.
func stateOf(get func(dst, key []byte) ([]byte, bool, error)) (int, error) {
	v, found, err := get(nil, []byte(stateKey))
	if err != nil || !found {
		return 0, err
	}
	return strconv.Atoi(string(v))
}

// expect compares a snapshot, all of it, with the one state that it has to be, which is no older than another one. It
// returns its number.
func (s *states) expect(snap enginetest.Snapshot, atLeast int) (int, error) {
	n, err := stateOf(snap.Get)
	if err != nil {
		return 0, err
	}
	want, err := s.at(n)
	if err != nil {
		return 0, err
	}
	got, err := enginetest.Read(snap)
	switch {
	case err != nil:
		return 0, err
	case n < atLeast:
		return 0, fmt.Errorf("state %d is shown after %d", n, atLeast)
	case !got.Equal(want):
		return 0, fmt.Errorf("a snapshot shows no committed state: of state %d it differs: %s", n, enginetest.Diff(got, want))
	}
	return n, nil
}
