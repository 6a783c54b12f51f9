// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// openRemote opens a store below the transactions of programs.
func openRemote(t testing.TB, name string, set store.Settings) *remote {
	t.Helper()
	s := openStore(t, name, set)
	if d, many := s.(db); many {
		return d.remote
	}
	return s.(turns).remote
}

// writeTwo commits two rows of number i in one transaction.
func writeTwo(s *remote, i int) error {
	ctx := context.Background()
	tx, err := s.begin(ctx, nil, false)
	if err != nil {
		return err
	}
	return tx.commit(ctx, func(p *pieces) error {
		for _, side := range []string{"left", "right"} {
			if err := p.put(ctx, fmt.Appendf(nil, "%s/%06d", side, i), []byte(side)); err != nil {
				return err
			}
		}
		return nil
	})
}

// tookPlace reports whether the rows of number i are there. It is an error if only one is.
func tookPlace(t *testing.T, s *remote, i int) bool {
	t.Helper()
	ctx := context.Background()
	_, left, err := s.Get(ctx, nil, fmt.Appendf(nil, "left/%06d", i))
	ok(t, err)
	_, right, err := s.Get(ctx, nil, fmt.Appendf(nil, "right/%06d", i))
	ok(t, err)
	if left != right {
		t.Fatalf("half of transaction %d is there", i)
	}
	return left
}

// A connection is cut at each message of a transaction, before the server has it, after, and in place of its
// answer. What the error says is what happened: success if the rows are there, and ErrBusy, with which programs
// begin again, if they are not. The outcome is never unknown, because the server can still be asked.
func TestCutAtEachMessage(t *testing.T) {
	shared.start(t)
	name := table(t)
	direct := openRemote(t, shared.url(name, nil), store.Settings{Create: true})
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(name), store.Settings{})
	i := 0
	for _, h := range []how{cutBefore, cutAfter, cutAnswer} {
		took, refused := 0, 0
		for n := 1; ; n++ {
			i++
			ok(t, s.Ping(context.Background()))
			p.arm(n, h, false)
			err := writeTwo(s, i)
			cut := p.disarm()
			switch took1 := tookPlace(t, direct, i); {
			case err == nil && took1:
				took++
			case errors.Is(err, errs.ErrBusy) && !took1:
				refused++
			default:
				t.Fatalf("how %d, message %d: rows there: %v, but the error is %v", h, n, took1, err)
			}
			if !cut {
				break
			}
		}
		if took == 0 || refused == 0 {
			t.Errorf("how %d: %d took place, %d did not", h, took, refused)
		}
		t.Logf("how %d: %d took place, %d did not", h, took, refused)
	}
}

// When the server cannot be asked, a transaction whose COMMIT may have arrived has an unknown outcome, and says so.
// It is never sent again: the server counts one statement for the rows that are there, and none for the others.
func TestUnknownOutcome(t *testing.T) {
	shared.start(t)
	name := table(t)
	direct := openRemote(t, shared.url(name, nil), store.Settings{Create: true})
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(name), store.Settings{})
	countStatements(t, direct)
	ok(t, writeTwo(s, 0)) // prepares the statements
	s.outcomeLimit = 300 * time.Millisecond
	unknown, i := 0, 0
	for n := 1; ; n++ {
		i++
		ok(t, s.Ping(context.Background()))
		before := statements(t, direct)
		p.arm(n, cutAnswer, true)
		err := writeTwo(s, i)
		cut := p.disarm()
		took := tookPlace(t, direct, i)
		grown := statements(t, direct) - before
		switch {
		case took && grown != 1 || !took && grown != 0:
			t.Fatalf("message %d: rows there: %v, and statements committed: %d", n, took, grown)
		case errors.Is(err, errs.ErrUndetermined):
			unknown++
			if errors.Is(err, errs.ErrBusy) {
				t.Fatalf("%v says start again", err)
			}
		case (err == nil) != took:
			t.Fatalf("message %d: rows there: %v, but the error is %v", n, took, err)
		}
		if !cut {
			break
		}
	}
	if unknown == 0 {
		t.Error("no outcome was unknown")
	}
}

// countStatements makes the server count the statements that write rows and are committed.
func countStatements(t *testing.T, s *remote) {
	t.Helper()
	for _, text := range []string{
		`CREATE TABLE NAMEcount (n int)`,
		`CREATE FUNCTION NAMEnote() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO NAMEcount VALUES (1); RETURN NULL; END'`,
		`CREATE TRIGGER note AFTER INSERT OR UPDATE ON NAME FOR EACH STATEMENT EXECUTE FUNCTION NAMEnote()`,
	} {
		_, err := s.pool.Exec(context.Background(), strings.ReplaceAll(text, "NAME", s.o.table))
		ok(t, err)
	}
}

// statements is how many there were.
func statements(t *testing.T, s *remote) (n int) {
	t.Helper()
	ok(t, s.pool.QueryRow(context.Background(), `SELECT count(*) FROM `+s.o.table+`count`).Scan(&n))
	return n / 2 // INSERT with ON CONFLICT DO UPDATE is both
}

// A connection that is lost during COMMIT leaves its place in the pool to nobody until the server has said what
// happened, however many others wait for one.
func TestOutcomeOfAFullPool(t *testing.T) {
	shared.start(t)
	name, ctx := table(t), limit(t, time.Minute)
	direct := openRemote(t, shared.url(name, nil), store.Settings{Create: true})
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(name)+"&pool_max_conns=1", store.Settings{})
	ok(t, writeTwo(s, 0)) // prepares the statements
	s.outcomeLimit = 10 * time.Second
	tx, err := s.begin(ctx, nil, false)
	ok(t, err)
	shown := make(chan *snapshot)
	go func() {
		snap, err := s.snapshot(ctx, false)
		if err != nil {
			t.Error(err)
		}
		shown <- snap
	}()
	time.Sleep(100 * time.Millisecond) // until it waits for the place
	p.arm(1, cutAnswer, false)
	err = tx.commit(ctx, func(p *pieces) error {
		return errors.Join(p.put(ctx, []byte("left/000001"), nil), p.put(ctx, []byte("right/000001"), nil))
	})
	if !p.disarm() || err != nil {
		t.Errorf("cut %v; the server can be asked, and the error is %v", p.cut, err)
	}
	if !tookPlace(t, direct, 1) {
		t.Error("the rows are not there")
	}
	if snap := <-shown; snap != nil {
		ok(t, snap.Close())
	}
}

// A connection that is lost while statements are prepared is one that COMMIT was not sent on: no server has to be
// asked.
func TestLostBeforeCommitIsSent(t *testing.T) {
	shared.start(t)
	name := table(t)
	openRemote(t, shared.url(name, nil), rwc)
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(name), store.Settings{})
	s.outcomeLimit = time.Nanosecond
	tx, err := s.begin(context.Background(), nil, false)
	ok(t, err)
	p.arm(1, cutAnswer, true)
	err = tx.commit(context.Background(), func(p *pieces) error { return p.put(context.Background(), []byte("a"), nil) })
	if !p.disarm() || !errors.Is(err, errs.ErrSnapshotGone) {
		t.Errorf("cut %v: %v", p.cut, err)
	}
}

// What the server refuses before COMMIT is an error that says so, also if it ends the connection with it.
func TestEndedBeforeCommit(t *testing.T) {
	shared.start(t)
	s := openRemote(t, shared.url(table(t), nil), rwc)
	ctx := limit(t, time.Minute)
	for _, end := range []string{`pg_terminate_backend(pg_backend_pid())`, `1/0`} {
		tx, err := s.begin(ctx, nil, false)
		ok(t, err)
		s.outcomeLimit = time.Nanosecond // nobody asks
		err = tx.commit(ctx, func(p *pieces) error {
			p.batch.Queue(`SELECT ` + end)
			return p.put(ctx, []byte("a"), nil)
		})
		if err == nil || errors.Is(err, errs.ErrUndetermined) {
			t.Errorf("%s: %v", end, err)
		}
		s.outcomeLimit = outcomeLimit
	}
}

// The server has not noticed that the client is gone, and waits for its next message. It is told to end the
// transaction, which decides the outcome and frees the lock of the single writer.
func TestServerWaitsForALostClient(t *testing.T) {
	shared.start(t)
	name := table(t)
	direct := openRemote(t, shared.url(name, nil), store.Settings{Create: true})
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(name), store.Settings{})
	ok(t, writeTwo(s, 0))
	p.arm(0, cutClient, false)
	ok(t, writeTwo(s, 1))
	p.mu.Lock()
	last := p.count
	p.mu.Unlock()
	p.arm(last-1, cutClient, false) // the Execute of COMMIT, before the last Sync
	within(t, func() {
		err := writeTwo(s, 2)
		if !p.disarm() || !errors.Is(err, errs.ErrConflict) {
			t.Errorf("cut %v, error %v", p.cut, err)
		}
	})
	if tookPlace(t, direct, 2) {
		t.Error("the rows are there")
	}
	within(t, func() { // the lock is free
		if err := writeTwo(direct, 3); err != nil {
			t.Error(err)
		}
	})
}

// within fails the test, which else would wait for as long as tests may, if f takes more than a minute.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("no end after a minute")
	}
}
