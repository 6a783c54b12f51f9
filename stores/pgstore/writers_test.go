// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// kinds are the settings that change how transactions end.
var kinds = map[string]map[string]string{
	"one":          {"writers": "one"},
	"many":         {"writers": "many"},
	"serializable": {"writers": "many", "isolation": "serializable"},
}

// increment adds one to a counter, in a transaction.
func increment(ctx context.Context, s store.Store, key string) error {
	tx, err := s.Begin(ctx, nil)
	if err != nil {
		return err
	}
	v, _, err := tx.Get(ctx, make([]byte, 0, 8), []byte(key))
	if err == nil {
		n := uint64(0)
		if len(v) == 8 {
			n = binary.BigEndian.Uint64(v)
		}
		err = tx.Put(ctx, []byte(key), binary.BigEndian.AppendUint64(nil, n+1))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}

func counter(t *testing.T, s store.Store, key string) uint64 {
	t.Helper()
	v, found, err := s.Get(context.Background(), nil, []byte(key))
	ok(t, err)
	if !found {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// Sixteen clients count in one row, half of them through a second pool as another process would. With one writer
// no transaction fails and none is lost; with many some fail with ErrConflict, and the others are all there.
func TestSixteenClients(t *testing.T) {
	shared.start(t)
	for name, values := range kinds {
		t.Run(name, func(t *testing.T) {
			table := table(t)
			first := openStore(t, shared.url(table, values), rwc)
			second := openStore(t, shared.url(table, values), rwc)
			const clients, rounds = 16, 20
			var wg sync.WaitGroup
			done := make([]uint64, clients)
			failed := make([]error, clients)
			for i := range clients {
				wg.Go(func() {
					s := []store.Store{first, second}[i%2]
					for range rounds {
						switch err := increment(context.Background(), s, "n"); {
						case err == nil:
							done[i]++
						case !errors.Is(err, errs.ErrConflict):
							failed[i] = err
							return
						}
					}
				})
			}
			wg.Wait()
			ok(t, errors.Join(failed...))
			sum := uint64(0)
			for _, n := range done {
				sum += n
			}
			if got := counter(t, second, "n"); got != sum || sum == 0 {
				t.Errorf("%d transactions have committed, and the counter is %d", sum, got)
			}
			if name == "one" && sum != clients*rounds {
				t.Errorf("%d of %d transactions have committed", sum, clients*rounds)
			}
			if n := first.Caps().CommitConflicts; n == (name == "one") {
				t.Errorf("Caps say that conflicts happen: %v", n)
			}
		})
	}
}

// The lock of the server keeps one handle's transaction from another's. What waits obeys its context, and sees what
// was committed while it waited.
func TestOneWriterOfTwoHandles(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	one := openStore(t, shared.url(name, nil), rwc)
	two := openStore(t, shared.url(name, nil), rwc)
	tx := begin(t, one, nil)
	ok(t, tx.Put(ctx, []byte("n"), binary.BigEndian.AppendUint64(nil, 41)))

	limited, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	_, err := two.Begin(limited, nil)
	is(t, err, context.DeadlineExceeded)
	cancelled, stop := context.WithCancel(ctx)
	time.AfterFunc(30*time.Millisecond, stop)
	_, err = two.Begin(cancelled, nil)
	is(t, err, context.Canceled)
	_, err = two.(store.TryBeginner).TryBegin(ctx, nil)
	is(t, err, errs.ErrBusy)
	_, err = one.(store.TryBeginner).TryBegin(ctx, nil)
	is(t, err, errs.ErrBusy)
	if counter(t, two, "n") != 0 {
		t.Error("a reader sees what is not committed")
	}
	waits := make(chan error, 1)
	go func() { waits <- increment(ctx, two, "n") }()
	time.Sleep(20 * time.Millisecond)
	ok(t, tx.Commit(ctx))
	ok(t, <-waits)
	if n := counter(t, one, "n"); n != 42 {
		t.Errorf("the counter is %d", n)
	}
	other, err := two.(store.TryBeginner).TryBegin(ctx, nil)
	ok(t, err)
	ok(t, other.Rollback(ctx))
}

// A snapshot becomes a transaction only if no other handle has committed since, and stays readable in any case.
func TestUpgradeOfTwoHandles(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	one := openStore(t, shared.url(name, nil), rwc)
	two := openStore(t, shared.url(name, nil), rwc)
	put(t, one, "a", "1")
	snap, err := one.Snapshot(ctx, true)
	ok(t, err)
	holder := begin(t, two, nil)
	limited, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	_, err = one.Begin(limited, snap)
	is(t, err, context.DeadlineExceeded)
	_, err = one.(store.TryBeginner).TryBegin(ctx, snap)
	is(t, err, errs.ErrBusy)
	if got := keys(t, snap); got != "a" {
		t.Fatalf("keys %s", got)
	}
	ok(t, holder.Rollback(ctx)) // which changes nothing
	tx := begin(t, one, snap)
	ok(t, tx.Rollback(ctx))
	put(t, two, "b", "2")
	_, err = one.Begin(ctx, snap)
	is(t, err, errs.ErrBusySnapshot)
	if got := keys(t, snap); got != "a" {
		t.Errorf("keys %s", got)
	}
	ok(t, snap.Close())
}

// With many writers two transactions that read each other's rows both commit at the level snapshot, as Caps says, and
// one of them fails at the level serializable.
func TestWriteSkew(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, isolation := range []string{"snapshot", "serializable"} {
		s := openStore(t, shared.url(table(t), map[string]string{"writers": "many", "isolation": isolation}), rwc)
		put(t, s, "a", "on", "b", "on")
		one, two := begin(t, s, nil), begin(t, s, nil)
		for _, tx := range []store.Tx{one, two} {
			for _, k := range []string{"a", "b"} {
				_, _, err := tx.Get(ctx, nil, []byte(k))
				ok(t, err)
			}
		}
		ok(t, one.Put(ctx, []byte("a"), []byte("off")))
		ok(t, two.Put(ctx, []byte("b"), []byte("off")))
		ok(t, one.Commit(ctx))
		err := two.Commit(ctx)
		if s.Caps().WriteSkew != (isolation == "snapshot") {
			t.Errorf("%s: Caps say %v", isolation, s.Caps().WriteSkew)
		}
		if s.Caps().WriteSkew {
			ok(t, err)
		} else {
			is(t, err, errs.ErrConflict)
		}
	}
}

// Two transactions that write one key: the second one's COMMIT waits for the first one, obeys its context, and fails.
func TestManyWritersOfOneKey(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	s := openStore(t, shared.url(name, map[string]string{"writers": "many"}), rwc)
	for _, key := range []string{"new", "there"} {
		if key == "there" {
			put(t, s, key, "0")
		}
		one, two := begin(t, s, nil), begin(t, s, nil)
		ok(t, one.Put(ctx, []byte(key), []byte("1")))
		ok(t, two.Put(ctx, []byte(key), []byte("2")))
		ok(t, one.Commit(ctx))
		is(t, two.Commit(ctx), errs.ErrConflict)
		if v, _, err := s.Get(ctx, nil, []byte(key)); string(v) != "1" || err != nil {
			t.Errorf("%s: %q, %v", key, v, err)
		}
	}
	r := s.(db)
	locked, _, err := r.conns.begin(ctx, "test", fmt.Sprintf(`BEGIN; UPDATE %s SET value = ''; SELECT 1`, quoted(name)))
	ok(t, err)
	tx := begin(t, s, nil)
	ok(t, tx.Put(ctx, []byte("new"), []byte("3")))
	limited, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	is(t, tx.Commit(limited), context.DeadlineExceeded)
	r.conns.rollback(ctx, locked)
	if v, _, err := s.Get(ctx, nil, []byte("new")); string(v) != "1" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

// TestNextBeginsWhileOneCommits: the next transaction of a process sends its first message when COMMIT was sent, not
// when it was answered. Without another connection it waits for its turn, and not for pool_wait.
func TestNextBeginsWhileOneCommits(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, conns := range []int{1, 2} {
		t.Run(fmt.Sprint(conns), func(t *testing.T) {
			p := newProxy(t, shared.socket())
			s := openStore(t, p.url(table(t))+fmt.Sprintf("&pool_wait=100ms&default_query_exec_mode=exec&pool_max_conns=%d", conns), rwc)
			var snaps []store.Snapshot
			for range conns { // so many connections are there
				snap, err := s.Snapshot(ctx, false)
				ok(t, err)
				snaps = append(snaps, snap)
			}
			for _, snap := range snaps {
				ok(t, snap.Close())
			}
			sent := func() int {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.count
			}
			tx := begin(t, s, nil)
			ok(t, tx.Put(ctx, []byte("a"), nil))
			p.answers.Lock()
			before, ended := sent(), make(chan error, 2)
			go func() { ended <- tx.Commit(ctx) }()
			for sent() == before {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(50 * time.Millisecond) // the message has some parts
			before = sent()
			go func() {
				next, err := s.Begin(ctx, nil)
				if err == nil {
					err = next.Rollback(ctx)
				}
				ended <- err
			}()
			time.Sleep(300 * time.Millisecond)
			if got := sent() > before; got != (conns > 1) {
				t.Errorf("with %d connections the next transaction has sent something: %t", conns, got)
			}
			p.answers.Unlock()
			ok(t, <-ended)
			ok(t, <-ended)
		})
	}
}
