// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// What is left of a stream's answer is received up to a length that is counted, not guessed: rows that are longer than
// all that were read end it early, and with no word to the server on a second connection, which some poolers do not get
// over.
func TestLongRestIsNotReceived(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(table(t))+"&pool_max_conns=1", rwc)
	s.restTime = time.Minute
	const all = 64 << 20
	numbered(t, s, 320, func(i int) []byte {
		if i < 300 {
			return []byte("short")
		}
		return make([]byte, all/20)
	})
	for _, r := range []store.Range{{Limit: 1000}, {}} {
		short(t, s)
		c, streams := over(t, s, &r)
		if !streams || !c.Seek(ctx, &r) {
			t.Fatalf("a stream: %v, %v", streams, c.Err())
		}
		before := p.answered.Load()
		ok(t, c.Close())
		if _, _, err := s.Get(ctx, nil, []byte("000001")); err != nil {
			t.Error(err)
		}
		if n := p.answered.Load() - before; n > all/2 {
			t.Errorf("%+v: %d bytes of %d came after the stream was closed", r, n, all)
		}
	}
	if n := p.cancels.Load(); n > 0 {
		t.Errorf("%d requests to cancel", n)
	}
}

// Nor is it waited for: a network that stands still, in the middle of a row or between two, does not keep the stream
// from being closed.
func TestLateRestIsNotReceived(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	p := newProxy(t, shared.socket())
	s := openRemote(t, p.url(table(t))+"&pool_max_conns=1", rwc)
	numbered(t, s, 2000, func(int) []byte { return make([]byte, longValue) })
	short(t, s)
	r := store.Range{Limit: 2000}
	c, streams := over(t, s, &r)
	if !streams || !c.Seek(ctx, &r) {
		t.Fatalf("a stream: %v, %v", streams, c.Err())
	}
	s.restTime, c.(*stream).flow.restTime = restTime, restTime
	p.answers.Lock()
	begun := time.Now()
	err := c.Close()
	took := time.Since(begun)
	p.answers.Unlock()
	ok(t, err)
	if took >= endLimit {
		t.Errorf("it took %v", took)
	}
	_, _, err = s.Get(ctx, nil, []byte("000001"))
	ok(t, err)
	if n := p.cancels.Load(); n > 0 {
		t.Errorf("%d requests to cancel", n)
	}
}

// At the level serializable a statement of many rows that is left early fails, or keeps others from committing what
// does not fit to the rows that were read: the server finds that out with any row, also one that nobody has looked at.
func TestEarlyCloseIsSerializable(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	for _, limit := range []int{600, 1000} {
		s := openRemote(t, shared.url(table(t), map[string]string{"writers": "many", "isolation": "serializable"}), rwc)
		k := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
		numbered(t, s, 2000, func(i int) []byte {
			if i > 1 && i < 10 {
				return make([]byte, 512<<10) // more than sockets hold, before the row that W writes
			}
			return make([]byte, 1000)
		})
		_, err := s.pool.Exec(ctx, "VACUUM ANALYZE "+quoted(s.o.table))
		ok(t, err)
		s.sizes.add(shortRows)
		writer, other := begin(t, db{s}, nil), begin(t, db{s}, nil)
		for _, tx := range []store.Tx{writer, other} {
			_, _, err := tx.Get(ctx, nil, k(0))
			ok(t, err)
		}
		third := begin(t, db{s}, nil)
		ok(t, third.Put(ctx, k(0), []byte("new")))
		ok(t, third.Commit(ctx))
		r := store.Range{Limit: limit}
		c, streams := over(t, s, &r)
		if streams {
			t.Error("a stream, whose end is not looked at")
		}
		if !c.Seek(ctx, &r) || !c.Next(ctx) {
			t.Fatal(c.Err())
		}
		ok(t, writer.Put(ctx, k(limit-100), []byte("w")))
		wrote := writer.Commit(ctx)
		read := c.Close()
		ok(t, other.Put(ctx, k(1), []byte("other")))
		if late := other.Commit(ctx); read == nil && late == nil {
			t.Errorf("limit %d: rows were shown that do not fit to a commit after them; the writer ended with %v", limit, wrote)
		}
	}
}

// A COMMIT that the server answers with ROLLBACK, and a state that was lost, say nothing about what was read.
func TestReadsThatNobodyConfirmed(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openRemote(t, shared.url(table(t), map[string]string{"writers": "many", "isolation": "serializable"}), rwc)
	for why, want := range map[string]error{"rolled back": errs.ErrConflict, "lost": errs.ErrSnapshotGone} {
		snap, err := s.snapshot(ctx, false)
		ok(t, err)
		_, _, err = snap.Get(ctx, nil, []byte("a"))
		ok(t, err)
		if why == "lost" {
			snap.of.pin.gone = s.gone("read", context.DeadlineExceeded)
		} else if _, err := simple(ctx, snap.of.pin.conn.Conn(), "SELECT 1/0"); err == nil {
			t.Fatal("no error")
		}
		is(t, snap.Close(), want)
	}
}

// Keys alone are counted as what they are, not with values that are not sent: a walk over the keys of long values takes
// few statements, and one that is left early keeps its connection.
func TestKeysOfLongValues(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	s := openRemote(t, shared.url(table(t), map[string]string{"pool_max_conns": "2"}), rwc)
	s.restTime = time.Minute
	const n = 300
	numbered(t, s, n, func(int) []byte { return make([]byte, 100<<10) })
	snap, err := s.snapshot(ctx, false)
	ok(t, err)
	defer snap.Close()
	r := store.Range{KeysOnly: true}
	for _, stored := range []bool{false, true} {
		var c store.Cursor
		if stored {
			c, err = snap.Cursor(ctx)
			ok(t, err)
		} else {
			c, _ = over(t, s, &r)
		}
		keys, pages := 0, 0
		for more := c.Seek(ctx, &r); more; more = c.Next(ctx) {
			keys++
			switch c := c.(type) {
			case *stream:
				if c.flow.got == 1 {
					pages++
				}
			case *cursor:
				if c.i == 0 {
					pages++
				}
			}
		}
		ok(t, c.Err())
		ok(t, c.Close())
		if keys != n || pages > 2 {
			t.Errorf("%T: %d keys of %d in %d pages", c, keys, n, pages)
		}
	}
	before := s.pool.Stat().NewConnsCount()
	limited := store.Range{KeysOnly: true, Limit: n}
	c, streams := over(t, s, &limited)
	if !streams || !c.Seek(ctx, &limited) {
		t.Fatalf("a stream: %v, %v", streams, c.Err())
	}
	ok(t, c.Close())
	_, _, err = s.Get(ctx, nil, []byte("000001"))
	ok(t, err)
	if made := s.pool.Stat().NewConnsCount() - before; made > 0 {
		t.Errorf("%d new connections", made)
	}
}

// gate keeps a statement back before its arguments are looked at.
type gate struct {
	text    string
	reached chan struct{}
	pass    chan struct{}
	key     chan string
}

func (g *gate) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL == g.text {
		close(g.reached)
		<-g.pass
		g.key <- string(data.Args[0].([]byte))
	}
	return ctx
}

func (g *gate) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// The value of a row is read with the row's key also when the caller has left, and its page shows other rows.
func TestKeyOfAReadThatIsLeft(t *testing.T) {
	shared.start(t)
	for _, part := range []bool{false, true} {
		s := openRemote(t, shared.url(table(t), nil), rwc)
		put(t, db{s}, "key", string(make([]byte, pageMemory)))
		g := &gate{text: s.sql.get, reached: make(chan struct{}), pass: make(chan struct{}), key: make(chan string, 1)}
		if part {
			g.text = s.sql.part
		}
		config := s.pool.Config()
		config.ConnConfig.Tracer = g
		s.pool.Close()
		var err error
		s.pool, err = pgxpool.NewWithConfig(context.Background(), config)
		ok(t, err)
		c, err := s.cursor(context.Background())
		ok(t, err)
		c.size = 2 // so that the value is longer than its share
		if !c.Seek(context.Background(), &store.Range{}) {
			t.Fatal(c.Err())
		}
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-g.reached
			cancel()
		}()
		if part {
			_, err = c.ValuePart(ctx, nil, 1, 10)
		} else {
			_, err = c.Value(ctx)
		}
		is(t, err, context.Canceled)
		copy(c.page.bytes, "xxx") // as the next page would
		close(g.pass)
		if key := <-g.key; key != "key" {
			t.Errorf("the value of %q is read", key)
		}
		ok(t, c.Close())
		for s.Close() != nil { // until the read has ended
			time.Sleep(time.Millisecond)
		}
	}
}
