// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tikv/client-go/v2/tikv"
	"github.com/tikv/client-go/v2/tikvrpc"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// losing is a client that loses the answer to the next commit.
type losing struct {
	tikv.Client
	lose *atomic.Bool
}

func (c losing) SendRequest(ctx context.Context, addr string, req *tikvrpc.Request, timeout time.Duration) (*tikvrpc.Response, error) {
	if req.Type == tikvrpc.CmdCommit && c.lose.CompareAndSwap(true, false) {
		if _, err := c.Client.SendRequest(ctx, addr, req, timeout); err != nil {
			return nil, err
		}
		return nil, errors.New("the answer is lost")
	}
	return c.Client.SendRequest(ctx, addr, req, timeout)
}

// The outcome of a COMMIT whose answer is lost is unknown, and this one has happened.
func TestLostAnswerToCommit(t *testing.T) {
	ctx := context.Background()
	for _, writers := range []string{"one", "many"} {
		c := newCluster(t)
		lose := new(atomic.Bool)
		c.wrap = func(inner tikv.Client) tikv.Client { return losing{inner, lose} }
		st, err := c.open("kv?writers="+writers, store.Settings{Create: true})
		must(t, err)
		st.(*db).limit = 300 * time.Millisecond
		tx := begin(t, st, nil)
		must(t, tx.Put(ctx, []byte("k"), []byte("v")))
		lose.Store(true)
		err = tx.Commit(ctx)
		if lose.Load() {
			t.Fatal("nothing was lost")
		}
		if !errors.Is(err, errs.ErrUndetermined) || !errors.Is(err, errs.ErrIO) || errors.Is(err, errs.ErrBusy) {
			t.Errorf("writers=%s: %v", writers, err)
		}
		c.wrap = nil
		other, err := c.open("kv?writers="+writers, store.Settings{})
		must(t, err)
		if _, found, err := other.Get(ctx, nil, []byte("k")); err != nil || !found {
			t.Errorf("writers=%s: the row is there: %v, %v", writers, found, err)
		}
		must(t, st.Close(), other.Close())
	}
}

// Codes of errors are those that the documents promise.
func TestErrorsOfOldSnapshots(t *testing.T) {
	ctx := context.Background()
	c := newCluster(t)
	st, err := c.open("kv", store.Settings{Create: true})
	must(t, err)
	snap, err := st.Snapshot(ctx, false)
	must(t, err)
	d := st.(*db)
	now, err := d.now(ctx)
	must(t, err)
	d.kv.UpdateSPCache(now+1, time.Now())
	if _, _, err := snap.Get(ctx, nil, []byte("k")); !errors.Is(err, errs.ErrSnapshotGone) || !errors.Is(err, errs.ErrBusy) {
		t.Errorf("get: %v", err)
	}
	cur, err := snap.Cursor(ctx)
	must(t, err)
	if cur.Seek(ctx, &store.Range{}) || !errors.Is(cur.Err(), errs.ErrSnapshotGone) {
		t.Errorf("seek: %v", cur.Err())
	}
	must(t, cur.Close(), snap.Close(), st.Close())
}

func TestNames(t *testing.T) {
	for dsn, text := range map[string]string{
		"tikv:///kv":                                 "no address",
		"tikv://user@h/kv":                           "knows no users",
		"tikv://h/kv?table=x":                        `unknown parameter "table"; allowed: gc, writers`,
		"tikv://h/kv?writers=two":                    "allowed: one, many",
		"tikv://h/kv?writers=one&writers=one":        "say it once",
		"tikv://h/kv?gc=on":                          "from 10m0s to 720h0m0s",
		"tikv://h/kv?gc=9m59s":                       "from 10m0s to 720h0m0s",
		"tikv://h/kv?gc=721h":                        "from 10m0s to 720h0m0s",
		"tikv://h/kv?gc=-1h":                         "from 10m0s to 720h0m0s",
		"tikv://h/kv?writers=%zz":                    "two hexadecimal digits",
		"tikv://h/kv?a=b;c=d":                        "%3B",
		"tikv://h/a/b":                               "without zero bytes and slashes",
		"tikv://h/" + strings.Repeat("n", MaxName+1): "1 to 200 bytes",
	} {
		u, err := url.Parse(dsn)
		must(t, err)
		if _, err := parse(u, store.Settings{}); !errors.Is(err, errs.ErrMisuse) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	u, err := url.Parse("tikv://a:1,b:2/")
	must(t, err)
	if o, err := parse(u, store.Settings{}); err != nil || len(o.pd) != 2 || o.name != "kv" || o.many {
		t.Errorf("%+v, %v", o, err)
	}
}

// A store that was opened with mode=ro takes no transaction, whoever asks, and is not made.
func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	for _, writers := range []string{"one", "many"} {
		c := newCluster(t)
		_, err := c.open("kv?writers="+writers, store.Settings{Create: true, ReadOnly: true})
		if !errors.Is(err, errs.ErrCantOpen) {
			t.Errorf("it is made: %v", err)
		}
		made, err := c.open("kv?writers="+writers, store.Settings{Create: true})
		must(t, err)
		tx, err := made.Begin(ctx, nil)
		must(t, err)
		must(t, tx.Put(ctx, []byte("a"), nil), tx.Commit(ctx))
		st, err := c.open("kv?writers="+writers, store.Settings{ReadOnly: true})
		must(t, err)
		_, begun := st.Begin(ctx, nil)
		_, tried := st.(store.TryBeginner).TryBegin(ctx, nil)
		snap, err := st.Snapshot(ctx, true)
		must(t, err)
		_, raised := st.Begin(ctx, snap)
		_, copied := store.Copy(ctx, st, storetest.NewModel(nil), store.CopyOptions{Resume: true})
		for _, err := range []error{begun, tried, raised, copied} {
			if !errors.Is(err, errs.ErrReadOnly) {
				t.Errorf("mode=ro, writers=%s: %v", writers, err)
			}
		}
		if _, found, err := made.Get(ctx, nil, []byte("a")); !found || err != nil {
			t.Errorf("the row is there: %v, %v", found, err)
		}
		must(t, snap.Close(), st.Close(), made.Close())
	}
}

// Stores of one cluster do not see each other's rows, also if a name begins with the other one, and how many write is
// recorded.
func TestStoresOfOneCluster(t *testing.T) {
	ctx := context.Background()
	c := newCluster(t)
	for _, name := range []string{"a", "ab", "b"} {
		st, err := c.open(name, store.Settings{Create: true})
		must(t, err)
		tx := begin(t, st, nil)
		must(t, tx.Put(ctx, []byte(name), nil), tx.Put(ctx, nil, nil), tx.Put(ctx, []byte("\xff\xff"), nil), tx.Commit(ctx), st.Close())
	}
	for _, name := range []string{"a", "ab", "b"} {
		st, err := c.open(name, store.Settings{ReadOnly: true})
		must(t, err)
		for _, reverse := range []bool{false, true} {
			cur, err := st.Cursor(ctx)
			must(t, err)
			var keys []string
			for ok := cur.Seek(ctx, &store.Range{Reverse: reverse}); ok; ok = cur.Next(ctx) {
				keys = append(keys, string(cur.Key()))
			}
			must(t, cur.Err(), cur.Close())
			want := " " + name + " \xff\xff"
			if reverse {
				want = "\xff\xff " + name + " "
			}
			if got := strings.Join(keys, " "); got != want {
				t.Errorf("%s: %q, should be %q", name, got, want)
			}
		}
		must(t, st.Close())
	}
	if _, err := c.open("c", store.Settings{}); !errors.Is(err, errs.ErrCantOpen) || !strings.Contains(err.Error(), "mode=rwc") {
		t.Errorf("missing: %v", err)
	}
	if _, err := c.open("a?writers=many", store.Settings{Create: true}); !errors.Is(err, errs.ErrMismatch) {
		t.Errorf("another number of writers: %v", err)
	}
}

// A deleted range has as many keys as fit into a transaction.
func TestLongRangeDelete(t *testing.T) {
	ctx := context.Background()
	c := newCluster(t, []byte("kkv\x001"))
	st, err := c.open("kv", store.Settings{Create: true})
	must(t, err)
	const n = 2*mostKeys + 100
	tx := begin(t, st, nil)
	for i := range n {
		must(t, tx.Put(ctx, []byte{'0' + byte(i>>12), byte(i >> 6 & 63), byte(i & 63)}, []byte("v")))
	}
	must(t, tx.Commit(ctx))
	count := func() int64 {
		cur, err := st.Cursor(ctx)
		must(t, err)
		got, err := cur.(store.Counter).Count(ctx, &store.Range{})
		must(t, err, cur.Close())
		return got
	}
	if got := count(); got != n {
		t.Fatalf("%d rows", got)
	}
	tx = begin(t, st, nil)
	must(t, tx.DeleteRange(ctx, nil, []byte("z")), tx.Commit(ctx))
	if got := count(); got != 0 {
		t.Errorf("%d rows are left", got)
	}
	must(t, st.Close())
}

// An address where nobody answers is given up when the context ends.
func TestNobodyAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits")
	}
	u, err := url.Parse("tikv://127.0.0.1:1/kv")
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = Open(ctx, u, store.Settings{})
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errs.ErrCantOpen) || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}
