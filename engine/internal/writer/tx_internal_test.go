// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// expectFree fails if a transaction has left something behind.
func (d *desk) expectFree(when string) {
	d.t.Helper()
	if d.Turn.TakenAt() != 0 || d.inside.Load() != 0 {
		d.t.Errorf("%s: the writer's turn is kept, or %d are inside", when, d.inside.Load())
	}
}

// TestCommitThatFailsLeavesNoTrace: it is rolled back, and the next one goes on as if it had
// not been.
func TestCommitThatFailsLeavesNoTrace(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, tt := range map[string]struct {
		ctx   context.Context
		write error // of the log
		want  error
	}{
		"its context has ended": {cancelled, nil, context.Canceled},
		"the disk is full":      {context.Background(), syscall.ENOSPC, errs.ErrFull},
		"the log is broken":     {context.Background(), errFail, errs.ErrIO},
	} {
		d := newDesk(t, nil)
		must(t, d.put("a", 10))
		var tx Tx
		must(t, d.Begin(context.Background(), &tx))
		must(t, tx.Put([]byte("b"), []byte("v")))
		d.fs.write = tt.write
		if err := tx.Commit(tt.ctx); !errors.Is(err, tt.want) || !tx.Done() {
			t.Errorf("%s: %v, done: %t", name, err, tx.Done())
		}
		d.expectFree(name)
		d.fs.write = nil
		if err := tx.Commit(context.Background()); !errors.Is(err, errs.ErrMisuse) {
			t.Errorf("%s: a second time %v", name, err)
		}
		must(t, d.put("c", 10))
		if st := d.Ledger.Newest(); st.Seq != 2 || !d.sees("a") || d.sees("b") || !d.sees("c") || d.Counters.Errors.Load() != 1 {
			t.Errorf("%s: commit %d; %t %t %t", name, st.Seq, d.sees("a"), d.sees("b"), d.sees("c"))
		}
	}
}

// TestNothingIsCommittedAfterAFailedSync, whether or not it would be logged.
func TestNothingIsCommittedAfterAFailedSync(t *testing.T) {
	for _, logged := range []bool{true, false} {
		d := newDesk(t, func(v *tuning.Values) { v.Log, v.Sync = logged, tuning.Checkpoints })
		var tx Tx
		must(t, d.Begin(context.Background(), &tx))
		must(t, tx.Put([]byte("a"), nil))
		_ = d.poison(errFail)
		if err := tx.Commit(context.Background()); !errors.Is(err, errFail) || d.Ledger.Newest().Seq != 0 || d.sees("a") {
			t.Errorf("logged %t: %v; commit %d is shown", logged, err, d.Ledger.Newest().Seq)
		}
		d.expectFree("afterwards")
	}
}

// TestStateThatGrowsOldWhileItWaitsIsRefused: another transaction has the turn, and commits.
func TestStateThatGrowsOldWhileItWaitsIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, nil)
		var one, two Tx
		must(t, d.Begin(context.Background(), &one))
		must(t, one.Put([]byte("a"), nil))
		from := d.Ledger.Acquire()
		defer d.Ledger.Release(from)
		done := make(chan error, 1)
		go func() { done <- d.BeginFrom(context.Background(), &two, from) }()
		synctest.Wait()
		if len(done) != 0 {
			t.Error("it does not wait for the turn")
		}
		must(t, one.Commit(context.Background()))
		if err := <-done; !errors.Is(err, errs.ErrBusySnapshot) {
			t.Errorf("%v", err)
		}
		if err := d.BeginFrom(context.Background(), &two, nil); !errors.Is(err, errs.ErrBusySnapshot) {
			t.Errorf("from a state that was given up: %v", err)
		}
		d.expectFree("afterwards")
	})
}

// TestTransactionWithoutWritesIsNoCommit: it has no number, and nothing goes to the log.
func TestTransactionWithoutWritesIsNoCommit(t *testing.T) {
	d := newDesk(t, nil)
	before, size := d.Ledger.Newest(), d.LogSize()
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	must(t, tx.DeleteRange([]byte("b"), []byte("a"))) // of nothing
	must(t, tx.Commit(context.Background()))
	if d.Ledger.Newest() != before || d.LogSize() != size || d.Counters.Commits.Load() != 0 {
		t.Errorf("commit %d, %d bytes in the log", d.Ledger.Newest().Seq, d.LogSize()-size)
	}
	d.expectFree("afterwards")
}

// TestLevelsRollBackToWhereTheyBegan, in the tree and in the log.
func TestLevelsRollBackToWhereTheyBegan(t *testing.T) {
	d := newDesk(t, nil)
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	put := func(key string) { must(t, tx.Put([]byte(key), []byte("v"))) }
	expect := func(when, want string) {
		t.Helper()
		var got []string
		for _, key := range strings.Split("abcd", "") {
			if _, found, err := tx.Get(nil, []byte(key)); err != nil {
				t.Fatal(err)
			} else if found {
				got = append(got, key)
			}
		}
		if s := strings.Join(got, ""); s != want {
			t.Errorf("%s: keys %q, want %q", when, s, want)
		}
	}
	put("a")
	two, err := tx.Begin()
	must(t, err)
	put("b")
	three, err := tx.Begin()
	must(t, err)
	put("c")
	expect("three levels", "abc")
	must(t, tx.RollbackTo(three))
	expect("the third rolled back", "ab")
	put("d")
	must(t, tx.CommitTo(two))
	if tx.Level() != two {
		t.Errorf("level %d, want %d", tx.Level(), two)
	}
	for _, level := range []int{0, three} {
		if err := tx.RollbackTo(level); !errors.Is(err, errs.ErrMisuse) {
			t.Errorf("rollback to level %d, which is not open: %v", level, err)
		}
	}
	expect("the third is part of the second", "abd")
	log := d.log.Uncommitted()
	must(t, tx.RollbackTo(two))
	expect("the second rolled back", "a")
	if now := d.log.Uncommitted(); now >= log {
		t.Errorf("the log has %d bytes of it, %d before", now, log)
	}
	must(t, tx.Commit(context.Background()))
	if !d.sees("a") || d.sees("b") || d.sees("d") {
		t.Error("another transaction was committed")
	}
}

// TestTransactionIsBounded: in its keys and values, and in all that it holds.
func TestTransactionIsBounded(t *testing.T) {
	d := newDesk(t, nil)
	d.MaxTx = 100 << 10
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	if err := tx.Put(make([]byte, MaxKeySize+1), nil); !errors.Is(err, errs.ErrTooBig) {
		t.Errorf("a key of more than the limit: %v", err)
	}
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = tx.Put([]byte("a"), make([]byte, 1<<10))
	}
	if !errors.Is(err, errs.ErrTooBig) || n < 50 || n > 110 {
		t.Errorf("after %d values of 1 KiB %v", n, err)
	}
	must(t, tx.Rollback())
	d.expectFree("afterwards")
	if err := tx.Put([]byte("a"), nil); !errors.Is(err, errs.ErrMisuse) {
		t.Errorf("after its end: %v", err)
	}
}

// TestReaderOfAValueIsAsLongAsItSays, or nothing is written.
func TestReaderOfAValueIsAsLongAsItSays(t *testing.T) {
	d := newDesk(t, nil)
	var tx Tx
	must(t, d.Begin(context.Background(), &tx))
	for _, size := range []int64{4, 6} {
		if err := tx.PutReader([]byte("a"), strings.NewReader("12345"), size); !errors.Is(err, errs.ErrIO) {
			t.Errorf("5 bytes for %d: %v", size, err)
		}
	}
	if err := tx.PutReader([]byte("a"), strings.NewReader(""), -1); !errors.Is(err, errs.ErrMisuse) {
		t.Errorf("a value of -1 bytes: %v", err)
	}
	if _, found, err := tx.Get(nil, []byte("a")); found || err != nil {
		t.Errorf("a value is there: %t, %v", found, err)
	}
	must(t, tx.PutReader([]byte("a"), strings.NewReader("12345"), 5))
	must(t, tx.Commit(context.Background()))
	if !d.sees("a") {
		t.Error("the value is not there")
	}
}
