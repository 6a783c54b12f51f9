// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// short makes the store know that its values are short, as it does when it has read some.
func short(t *testing.T, s *remote) {
	t.Helper()
	c, err := s.Cursor(context.Background())
	ok(t, err)
	for more := c.Seek(context.Background(), &store.Range{Limit: shortRows}); more; {
		more = c.Next(context.Background())
	}
	ok(t, c.Err())
	ok(t, c.Close())
	if !s.sizes.short() {
		t.Fatal("the store does not know that its values are short")
	}
}

// over opens the cursor of a lone statement over r, and reports whether it is a stream.
func over(t *testing.T, s *remote, r *store.Range) (c store.Cursor, streams bool) {
	t.Helper()
	c, err := s.CursorOver(context.Background(), r, true)
	ok(t, err)
	_, streams = c.(*stream)
	return c, streams
}

// numbered puts n rows, in order of their numbers.
func numbered(t *testing.T, s *remote, n int, value func(i int) []byte) {
	t.Helper()
	tx, err := db{s}.Begin(context.Background(), nil)
	ok(t, err)
	for i := range n {
		ok(t, tx.Put(context.Background(), fmt.Appendf(nil, "%06d", i), value(i)))
	}
	ok(t, tx.Commit(context.Background()))
}

// A stream shows all rows of its range, once and in order, whatever form they are received in: over several pages, with
// keys alone, and with a value in the middle that is longer than any before.
func TestStream(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for mode, values := range map[string]map[string]string{
		"binary": nil,
		"hex":    {"default_query_exec_mode": "exec"},
		"escape": {"default_query_exec_mode": "simple_protocol", "bytea_output": "escape"},
	} {
		s := openRemote(t, shared.url(table(t), values), rwc)
		const n = 5000
		const longOne = 4700
		value := func(i int) []byte {
			if i == longOne {
				return bytes.Repeat([]byte{0, '\\', 255}, 100_000)
			}
			return bytes.Repeat([]byte{byte(i)}, i%60)
		}
		numbered(t, s, n, value)
		for _, r := range []store.Range{
			{}, {Limit: 4999}, {Limit: 1000}, {KeysOnly: true}, {KeysOnly: true, Limit: 1000},
			{Reverse: true, Limit: 4500, Hi: []byte("004600"), HasHi: true},
			{Lo: []byte("000700"), HasLo: true, LoOpen: true, Hi: []byte("002000"), HasHi: true, HiOpen: true},
		} {
			short(t, s)
			c, streams := over(t, s, &r)
			if !streams {
				t.Fatalf("%s: %+v is no stream", mode, r)
			}
			want := []int{}
			for i := range n {
				if r.Contains(fmt.Appendf(nil, "%06d", i)) {
					want = append(want, i)
				}
			}
			if r.Reverse {
				for a, b := 0, len(want)-1; a < b; a, b = a+1, b-1 {
					want[a], want[b] = want[b], want[a]
				}
			}
			if r.Limit > 0 {
				want = want[:min(r.Limit, len(want))]
			}
			got := 0
			for more := c.Seek(ctx, &r); more; more = c.Next(ctx) {
				if got == len(want) || string(c.Key()) != fmt.Sprintf("%06d", want[got]) {
					t.Fatalf("%s: %+v: row %d is %q", mode, r, got, c.Key())
				}
				v := value(want[got])
				if c.ValueLen() != len(v) {
					t.Fatalf("%s: %q has a value of %d bytes", mode, c.Key(), c.ValueLen())
				}
				got++
				found, err := c.Value(ctx)
				if r.KeysOnly {
					is(t, err, errs.ErrMisuse)
					continue
				}
				ok(t, err)
				part, err := c.(store.PartCursor).ValuePart(ctx, []byte("+"), 10, 5)
				ok(t, err)
				from := min(10, len(v))
				if !bytes.Equal(found, v) || string(part) != "+"+string(v[from:min(from+5, len(v))]) {
					t.Fatalf("%s: %q has another value, %d bytes, and part %q", mode, c.Key(), len(found), part)
				}
			}
			ok(t, c.Err())
			ok(t, c.Close())
			if got != len(want) {
				t.Errorf("%s: %+v: %d rows of %d", mode, r, got, len(want))
			}
		}
	}
}

// A long value keeps the next range from being a stream, until enough short ones were read.
func TestStreamsOfShortValuesOnly(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openRemote(t, shared.url(table(t), nil), rwc)
	numbered(t, s, 1000, func(i int) []byte { return make([]byte, i/500*longValue+i/999) })
	all := &store.Range{Limit: 1000}
	walk := func(wantStream bool) {
		t.Helper()
		c, streams := over(t, s, all)
		if streams != wantStream {
			t.Errorf("a stream: %v", streams)
		}
		n, most := 0, 0
		for more := c.Seek(ctx, all); more; more = c.Next(ctx) {
			v, err := c.Value(ctx)
			ok(t, err)
			n, most = n+1, max(most, len(v))
		}
		ok(t, c.Err())
		ok(t, c.Close())
		if n != 1000 || most != longValue+1 {
			t.Errorf("%d rows, the longest value has %d bytes", n, most)
		}
	}
	walk(false) // nothing is known yet
	walk(false) // a long one was among them
	short(t, s)
	walk(true)
	walk(false)
}

// A stream that is left early gives its connection back, and in order: one whose rest is long closes it.
func TestStreamIsLeft(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, writers := range []string{"one", "many"} {
		s := openRemote(t, shared.url(table(t), map[string]string{"pool_max_conns": "1", "writers": writers}), rwc)
		s.restTime = time.Minute
		numbered(t, s, 4000, func(i int) []byte { return make([]byte, min(2*i, longValue)) })
		for _, c := range []struct {
			r    store.Range
			walk int
			shut bool // the connection
		}{
			{store.Range{Limit: 1000}, 1, false},
			{store.Range{Limit: 1000, Reverse: true}, 1, true},
			{store.Range{}, 1, true},
			{store.Range{}, 3000, true},
			{store.Range{Limit: 1000}, 0, false},
			{store.Range{Limit: 1000}, 1000, false},
		} {
			short(t, s)
			before := s.pool.Stat().NewConnsCount()
			cur, streams := over(t, s, &c.r)
			if !streams {
				t.Fatal("no stream")
			}
			n := 0
			for more := c.walk > 0 && cur.Seek(ctx, &c.r); more && n < c.walk; n++ {
				more = cur.Next(ctx)
			}
			ok(t, cur.Err())
			ok(t, cur.Close())
			is(t, cur.Close(), errs.ErrMisuse)
			is(t, func() error { cur.Seek(ctx, &c.r); return cur.Err() }(), errs.ErrMisuse)
			if n != c.walk {
				t.Errorf("%+v: %d rows", c.r, n)
			}
			if _, found, err := s.Get(ctx, nil, []byte("000001")); !found || err != nil { // on the only connection
				t.Errorf("%+v: afterwards %v, %v", c.r, found, err)
			}
			if shut := s.pool.Stat().NewConnsCount() > before; shut != c.shut {
				t.Errorf("%s: %+v: the connection was closed: %v", writers, c.r, shut)
			}
		}
	}
}

// One walk is what a stream is for.
func TestStreamIsForOneWalk(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openRemote(t, shared.url(table(t), nil), rwc)
	numbered(t, s, 500, func(int) []byte { return nil })
	short(t, s)
	r := store.Range{Limit: 400}
	c, _ := over(t, s, &r)
	_, err := c.Value(ctx)
	is(t, err, errs.ErrMisuse)
	if c.Next(ctx) || c.Key() != nil || c.ValueLen() != 0 || c.Seek(ctx, &store.Range{Limit: 399}) {
		t.Error("it stands on a row, or goes to another range")
	}
	is(t, c.Err(), errs.ErrMisuse)
	if !c.Seek(ctx, &r) || c.Seek(ctx, &r) {
		t.Error("it walks twice, or not at all")
	}
	is(t, c.Err(), errs.ErrMisuse)
	is(t, s.Close(), errs.ErrBusy)
	ok(t, c.Close())
}

// A context that ends, and a connection that is lost, end a stream with the reason, and its connection.
func TestStreamEnds(t *testing.T) {
	shared.start(t)
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(table(t))+"&pool_max_conns=1", rwc)
	numbered(t, s, 30_000, func(int) []byte { return make([]byte, 300) })
	for _, r := range []store.Range{{}, {Limit: 1000}} {
		for _, lose := range []bool{false, true} {
			short(t, s)
			ctx, cancel := context.WithCancel(context.Background())
			c, err := s.CursorOver(ctx, &r, true)
			ok(t, err)
			if !c.Seek(ctx, &r) {
				t.Fatal(c.Err())
			}
			want := context.Canceled
			if lose {
				want = errs.ErrSnapshotGone
				p.lose()
			} else {
				cancel()
			}
			n := 0
			for c.Next(ctx) {
				n++
			}
			// Rows that have arrived are shown, so a short answer may come to its end.
			if err := c.Err(); !errors.Is(err, want) && (err != nil || n != 999) {
				t.Errorf("%+v: after %d rows: %v", r, n, err)
			}
			ok(t, c.Close())
			cancel()
		}
	}
	// A connection that was lost before is no failure of a lone statement.
	p.lose()
	r := store.Range{Limit: 1000}
	c, _ := over(t, s, &r)
	ok(t, c.Close())
	is(t, func() error { _, err := s.CursorOver(canceled(), &r, true); return err }(), context.Canceled)
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
