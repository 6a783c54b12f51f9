// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// openStore opens a store as programs do, and closes it at the end of the test.
func openStore(t testing.TB, name string, set store.Settings) store.Store {
	t.Helper()
	s, err := tryOpen(name, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func tryOpen(name string, set store.Settings) (store.Store, error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return Open(ctx, u, set)
}

var rwc = store.Settings{Create: true}

func begin(t testing.TB, s store.Store, from store.Snapshot) store.Tx {
	t.Helper()
	tx, err := s.Begin(context.Background(), from)
	ok(t, err)
	return tx
}

func put(t testing.TB, s store.Store, pairs ...string) {
	t.Helper()
	ctx := context.Background()
	tx := begin(t, s, nil)
	for i := 0; i < len(pairs); i += 2 {
		ok(t, tx.Put(ctx, []byte(pairs[i]), []byte(pairs[i+1])))
	}
	ok(t, tx.Commit(ctx))
}

// keys are those of a reader, in order.
func keys(t testing.TB, r store.Reader) string {
	t.Helper()
	ctx := context.Background()
	c, err := r.Cursor(ctx)
	ok(t, err)
	var found []string
	for more := c.Seek(ctx, &store.Range{KeysOnly: true}); more; more = c.Next(ctx) {
		found = append(found, string(c.Key()))
	}
	ok(t, c.Err())
	ok(t, c.Close())
	return strings.Join(found, " ")
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, should be %v", err, want)
	}
}

// Pages grow, values that are too long for a page are read by themselves, and all rows come once and in order.
func TestPages(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), nil), rwc)
	value := func(i int) []byte {
		switch {
		case i%997 == 0:
			return bytes.Repeat([]byte{byte(i)}, 300_000) // longer than a row's share of the first page
		case i%10 == 0:
			return nil
		}
		return bytes.Repeat([]byte{byte(i)}, i%60)
	}
	const n = 6000
	tx := begin(t, s, nil)
	for i := range n {
		ok(t, tx.Put(ctx, fmt.Appendf(nil, "%06d", i), value(i)))
	}
	ok(t, tx.Commit(ctx))
	c, err := s.Cursor(ctx)
	ok(t, err)
	defer func() { ok(t, c.Close()) }()
	for _, reverse := range []bool{false, true} {
		for _, limit := range []int{0, 1, 15, 16, 17, 5000} {
			want := n
			if limit > 0 {
				want = limit
			}
			i, count := 0, 0
			if reverse {
				i = n - 1
			}
			for more := c.Seek(ctx, &store.Range{Reverse: reverse, Limit: limit}); more; more = c.Next(ctx) {
				if string(c.Key()) != fmt.Sprintf("%06d", i) {
					t.Fatalf("key %q, should be %06d", c.Key(), i)
				}
				v, err := c.Value(ctx)
				ok(t, err)
				if !bytes.Equal(v, value(i)) || c.ValueLen() != len(v) {
					t.Fatalf("row %d has a value of %d bytes, length %d", i, len(v), c.ValueLen())
				}
				part, err := c.(store.PartCursor).ValuePart(ctx, nil, 10, 5)
				ok(t, err)
				if from := min(10, len(v)); !bytes.Equal(part, v[from:min(from+5, len(v))]) {
					t.Fatalf("row %d: part %q", i, part)
				}
				if count++; reverse {
					i--
				} else {
					i++
				}
			}
			ok(t, c.Err())
			if count != want {
				t.Errorf("reverse %v, limit %d: %d rows", reverse, limit, count)
			}
		}
	}
	counted, err := c.(store.Counter).Count(ctx, &store.Range{Lo: []byte("000100"), HasLo: true, LoOpen: true, Hi: []byte("000200"), HasHi: true})
	ok(t, err)
	if counted != 100 {
		t.Errorf("counted %d", counted)
	}
}

// A part of a long value is read without the rest, also of one that the page left out.
func TestPartOfALongValue(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), nil), rwc)
	long := bytes.Repeat([]byte("0123456789"), 2<<20)
	tx := begin(t, s, nil)
	ok(t, tx.Put(ctx, []byte("long"), long))
	ok(t, tx.Commit(ctx))
	c, err := s.Cursor(ctx)
	ok(t, err)
	if !c.Seek(ctx, &store.Range{}) || c.ValueLen() != len(long) {
		t.Fatal(c.Err())
	}
	part, err := c.(store.PartCursor).ValuePart(ctx, []byte("-"), 1_000_003, 4)
	ok(t, err)
	if string(part) != "-3456" {
		t.Errorf("part %q", part)
	}
	ok(t, c.Close())
	_, n, found, err := s.(store.ShortReader).GetShort(ctx, nil, []byte("long"), 100)
	if n != len(long) || !found || err != nil {
		t.Errorf("%d bytes, %v, %v", n, found, err)
	}
}

// Limits are checked before anything is sent.
func TestLimits(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), nil), rwc)
	tx := begin(t, s, nil)
	key := func(n int) []byte {
		k := make([]byte, n)
		for i := range k {
			k[i] = byte(i*7919 + i/251) // which no compression makes short
		}
		return k
	}
	is(t, tx.Put(ctx, key(MaxKey+1), nil), errs.ErrTooBig)
	is(t, tx.Delete(ctx, key(MaxKey+1)), errs.ErrTooBig)
	is(t, tx.DeleteRange(ctx, nil, key(MaxKey+1)), errs.ErrTooBig)
	is(t, tx.Put(ctx, nil, make([]byte, MaxValue+1)), errs.ErrTooBig)
	ok(t, tx.Put(ctx, key(MaxKey), []byte("v")))
	big := make([]byte, MaxValue)
	ok(t, tx.Put(ctx, []byte("big"), big))
	is(t, tx.Put(ctx, []byte("more"), big), errs.ErrTooBig) // more than MaxTx
	ok(t, tx.Commit(ctx))
	if n, found, err := s.ValueLen(ctx, []byte("big")); n != MaxValue || !found || err != nil {
		t.Errorf("the longest value: %d, %v, %v", n, found, err)
	}
	v, found, err := s.Get(ctx, nil, key(MaxKey))
	if string(v) != "v" || !found || err != nil {
		t.Errorf("the longest key: %q, %v, %v", v, found, err)
	}
	if _, found, err := s.Get(ctx, nil, key(9000)); found || err != nil {
		t.Errorf("a key that cannot be: %v, %v", found, err)
	}
}

// A read whose context ends leaves the state readable: for other cursors, and for what comes next.
func TestCancelledReadKeepsTheSnapshot(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	s := openStore(t, shared.url(name, nil), rwc)
	put(t, s, "a", "1", "b", "2")
	tx := begin(t, s, nil)
	ok(t, tx.Put(ctx, []byte("c"), nil))
	d := s.(turns)
	d.grace = time.Minute
	locked, _, err := d.conns.begin(ctx, "test", `BEGIN; LOCK TABLE `+quoted(name)+` IN ACCESS EXCLUSIVE MODE; SELECT 1`)
	ok(t, err)
	limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, _, err = tx.Get(limited, nil, []byte("a"))
	is(t, err, context.DeadlineExceeded)
	d.conns.rollback(ctx, locked)
	if v, _, err := tx.Get(ctx, nil, []byte("a")); string(v) != "1" || err != nil {
		t.Fatalf("%q, %v", v, err)
	}
	ok(t, tx.Commit(ctx))
	if got := keys(t, s); got != "a b c" {
		t.Errorf("keys %s", got)
	}
}

// A read that does not end within the grace is stopped, and its snapshot reports that it is gone. Nothing waits for
// it: neither the caller, nor who closes the store, for longer than that.
func TestReadThatHangsIsStopped(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := table(t)
	s := openStore(t, shared.url(name, nil), rwc)
	put(t, s, "a", "1")
	d := s.(turns)
	snap, err := s.Snapshot(ctx, false)
	ok(t, err)
	locked, _, err := d.conns.begin(ctx, "test", `BEGIN; LOCK TABLE `+quoted(name)+` IN ACCESS EXCLUSIVE MODE; SELECT 1`)
	ok(t, err)
	limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, _, err = snap.Get(limited, nil, []byte("a"))
	is(t, err, context.DeadlineExceeded)
	_, _, err = snap.Get(ctx, nil, []byte("a")) // waits for the one before
	is(t, err, errs.ErrSnapshotGone)
	d.conns.rollback(ctx, locked)
	ok(t, snap.Close())
}

// An exhausted pool is waited for until the context ends or pool_wait is over. The error names the setting.
func TestPoolExhausted(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), map[string]string{"pool_max_conns": "2", "pool_wait": "50ms"}), rwc)
	put(t, s, "a", "1")
	one, err := s.Snapshot(ctx, false)
	ok(t, err)
	two, err := s.Snapshot(ctx, false)
	ok(t, err)
	patient := openStore(t, shared.url(s.(turns).o.table, map[string]string{"pool_max_conns": "1"}), rwc)
	only, err := patient.Snapshot(ctx, false)
	ok(t, err)
	for name, try := range map[string]func(s store.Store, ctx context.Context) error{
		"get":      func(s store.Store, ctx context.Context) error { _, _, err := s.Get(ctx, nil, []byte("a")); return err },
		"begin":    func(s store.Store, ctx context.Context) error { _, err := s.Begin(ctx, nil); return err },
		"snapshot": func(s store.Store, ctx context.Context) error { _, err := s.Snapshot(ctx, false); return err },
		"cursor":   func(s store.Store, ctx context.Context) error { _, err := s.Cursor(ctx); return err },
	} {
		late := try(s, ctx) // pool_wait ends
		limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		for _, err := range []error{late, try(patient, limited)} {
			if !errors.Is(err, errs.ErrBusy) || !strings.Contains(err.Error(), "pool_max_conns") {
				t.Errorf("%s: %v", name, err)
			}
		}
		cancel()
		cancelled, cancel := context.WithCancel(ctx)
		time.AfterFunc(5*time.Millisecond, cancel)
		if err := try(patient, cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", name, err)
		}
	}
	ok(t, only.Close())
	ok(t, one.Close())
	put(t, s, "b", "2") // the turn is free
	ok(t, two.Close())
}

// Every connection goes back to the pool, and none is left in a transaction.
func TestNoConnectionLeaks(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openStore(t, shared.url(table(t), map[string]string{"pool_max_conns": "3", "pool_wait": "1s"}), rwc)
	pool := s.(turns).pool
	put(t, s, "a", "1")
	for i := range 30 {
		snap, err := s.Snapshot(ctx, true)
		ok(t, err)
		tx := begin(t, s, snap)
		ok(t, tx.Put(ctx, []byte{byte(i)}, nil))
		c, err := tx.Cursor(ctx)
		ok(t, err)
		switch i % 3 {
		case 0:
			ok(t, tx.Commit(ctx))
		case 1:
			ok(t, tx.Rollback(ctx))
		case 2:
			ended, cancel := context.WithCancel(ctx)
			cancel()
			is(t, tx.Commit(ended), context.Canceled)
		}
		if !c.Seek(ctx, &store.Range{}) {
			t.Fatalf("round %d: a cursor shows nothing after the end: %v", i, c.Err())
		}
		ok(t, c.Close())
		if _, _, err := snap.Get(ctx, nil, []byte("a")); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		ok(t, snap.Close())
		if n := pool.Stat().AcquiredConns(); n != 0 {
			t.Fatalf("round %d: %d connections are not back", i, n)
		}
	}
	var inTx int
	ok(t, pool.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lsmlite' AND state LIKE 'idle in%'
		AND query LIKE $1`, "%"+s.(turns).o.table+"%").Scan(&inTx))
	if inTx != 0 {
		t.Errorf("%d connections are in a transaction", inTx)
	}
}
