// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tikv/client-go/v2/tikv"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// collectors makes a collector for each of two processes. They keep nothing, and wait for nothing.
func collectors(t *testing.T) (c *cluster, a, b *collector) {
	t.Helper()
	c, one, two := two(t, "many")
	of := func(s store.Store) *collector {
		c := newCollector(s.(*db), 0)
		c.wait = func(context.Context) error { return nil }
		return c
	}
	return c, of(one), of(two)
}

// points are the safe points that are announced, and that the placement driver knows.
func (c *collector) points(t *testing.T) (announced, collected uint64) {
	t.Helper()
	announced, err := c.announced()
	must(t, err)
	collected, err = c.d.kv.GetPDClient().UpdateGCSafePoint(context.Background(), 0) // never back
	must(t, err)
	return announced, collected
}

// later waits until timestamps are later than all that there were.
func later() { time.Sleep(20 * time.Millisecond) }

// One of two has the lease, as long as it makes it longer; the other one gets it when its time is over.
func TestLeaseOfCollector(t *testing.T) {
	ctx := context.Background()
	_, a, b := collectors(t)
	takes := func(c *collector, want bool) {
		t.Helper()
		now, err := c.renew(ctx)
		if must(t, err); (now != 0) != want {
			t.Fatalf("it has the lease: %v, should be %v", now != 0, want)
		}
	}
	takes(a, true)
	takes(b, false)
	takes(a, true)
	must(t, b.round(ctx))
	if announced, collected := b.points(t); announced != 0 || collected != 0 {
		t.Fatalf("without the lease: %d, %d", announced, collected)
	}
	a.lease = -time.Hour // as if it had been taken long ago
	takes(a, true)
	takes(b, true)
	takes(a, false)
	must(t, b.round(ctx))
	if announced, collected := b.points(t); announced == 0 || collected != announced {
		t.Fatalf("the successor collects: %d, %d", announced, collected)
	}
}

// Old states are gone for those who read them or commit on top of them, in all processes; new ones are not.
func TestCollect(t *testing.T) {
	ctx := context.Background()
	_, a, b := collectors(t)
	tx := begin(t, a.d, nil)
	must(t, tx.Put(ctx, []byte("k"), []byte("old")), tx.Commit(ctx))
	var olds []store.Snapshot
	for _, d := range []*db{a.d, b.d} {
		old, err := d.Snapshot(ctx, true)
		must(t, err)
		olds = append(olds, old)
	}
	open := begin(t, a.d, nil)
	must(t, open.Put(ctx, []byte("other"), nil))
	later()
	must(t, a.round(ctx))
	announced, collected := a.points(t)
	if announced == 0 || collected != announced {
		t.Fatalf("points %d, %d", announced, collected)
	}
	if err := open.Commit(ctx); !errors.Is(err, errs.ErrSnapshotGone) || !errors.Is(err, errs.ErrBusy) {
		t.Errorf("commit of an old transaction: %v", err)
	}
	if _, _, err := olds[0].Get(ctx, nil, []byte("k")); !errors.Is(err, errs.ErrSnapshotGone) {
		t.Errorf("an old snapshot: %v", err)
	}
	tx = begin(t, a.d, nil)
	value, _, err := tx.Get(ctx, nil, []byte("k"))
	if err != nil || string(value) != "old" {
		t.Errorf("what was not written since: %q, %v", value, err)
	}
	must(t, tx.Put(ctx, []byte("k"), []byte("new")), tx.Commit(ctx))
	if _, found, err := a.d.Get(ctx, nil, []byte("other")); found || err != nil {
		t.Errorf("a part of the old transaction is there: %v, %v", found, err)
	}
	later()
	must(t, a.round(ctx))
	if next, _ := a.points(t); next <= announced {
		t.Errorf("the point stays where it was: %d after %d", next, announced)
	}
	if !testing.Short() { // the client of the other process looks every 10 seconds
		gone := func() bool {
			_, _, err := olds[1].Get(ctx, nil, []byte("k"))
			if err != nil && !errors.Is(err, errs.ErrSnapshotGone) {
				t.Fatal(err)
			}
			return err != nil
		}
		for end := time.Now().Add(time.Minute); !gone(); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the other process still shows an old snapshot")
			}
		}
	}
	must(t, olds[0].Close(), olds[1].Close())
}

// Nothing is collected before all clients know of it, nor if another one has the lease by then, nor if the announcement
// was taken back, nor when the store is closed.
func TestCollectAfterAnnouncement(t *testing.T) {
	ctx := context.Background()
	cancelled := errors.New("closed")
	for name, during := range map[string]func(c *cluster, a, b *collector) error{
		"closed": func(*cluster, *collector, *collector) error { return cancelled },
		"lost lease": func(_ *cluster, a, b *collector) error {
			a.lease = -time.Hour
			_, err := a.renew(ctx)
			if err == nil {
				_, err = b.renew(ctx)
			}
			return err
		},
		"taken back": func(c *cluster, _, _ *collector) error { return c.safe.Put(tikv.GcSavedSafePoint, "1") },
		"":           func(*cluster, *collector, *collector) error { return nil },
	} {
		c, a, b := collectors(t)
		waited := false
		a.wait = func(context.Context) error {
			waited = true
			if announced, collected := a.points(t); announced == 0 || collected != 0 {
				t.Errorf("%s: while it is announced: %d, %d", name, announced, collected)
			}
			return during(c, a, b)
		}
		if err := a.round(ctx); err != nil && err != cancelled || !waited {
			t.Fatalf("%s: %v, %v", name, err, waited)
		}
		if _, collected := a.points(t); (collected != 0) != (name == "") {
			t.Errorf("%s: collected up to %d", name, collected)
		}
	}
}

// Points that others need are respected, one that is later is not moved back, and where TiDB is nothing is done.
func TestCollectAmongOthers(t *testing.T) {
	ctx := context.Background()
	_, a, _ := collectors(t)
	needed, err := a.d.now(ctx)
	must(t, err)
	_, err = a.d.kv.GetPDClient().UpdateServiceGCSafePoint(ctx, "backup", math.MaxInt64, needed)
	must(t, err)
	later()
	must(t, a.round(ctx))
	if announced, collected := a.points(t); announced != needed || collected != needed {
		t.Errorf("%d is needed: %d, %d", needed, announced, collected)
	}

	c, a, _ := collectors(t)
	const far = uint64(math.MaxInt64)
	must(t, c.safe.Put(tikv.GcSavedSafePoint, strconv.FormatUint(far, 10)), a.round(ctx))
	if announced, collected := a.points(t); announced != far || collected != 0 {
		t.Errorf("a later point is there: %d, %d", announced, collected)
	}

	c, a, _ = collectors(t)
	must(t, c.safe.Put(tidbServers+"/1", "{}"), a.round(ctx))
	if announced, collected := a.points(t); announced != 0 || collected != 0 {
		t.Errorf("next to TiDB: %d, %d", announced, collected)
	}
	_, err = c.open("kv?writers=many&gc=10m", store.Settings{Create: true})
	if !errors.Is(err, errs.ErrMisuse) || !strings.Contains(err.Error(), "TiDB") {
		t.Errorf("next to TiDB: %v", err)
	}
}

// A store that collects garbage does so until it is closed, which does not wait for the end of a round. TestMain looks
// for what is left.
func TestCollectorEnds(t *testing.T) {
	ctx := context.Background()
	c := newCluster(t)
	if _, err := c.open("kv?gc=10m", store.Settings{ReadOnly: true}); !errors.Is(err, errs.ErrMisuse) {
		t.Errorf("mode=ro: %v", err)
	}
	for _, name := range []string{"kv?gc=10m", "other?gc=1h&writers=many"} {
		st, err := c.open(name, store.Settings{Create: true})
		must(t, err)
		d := st.(*db)
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			text, err := c.safe.Get(tikv.GcSavedSafePoint)
			must(t, err)
			if text != "" {
				break
			}
			if time.Now().After(end) {
				t.Fatal("no safe point was announced")
			}
		}
		if _, found, err := d.get(ctx, math.MaxUint64, leaseKey); !found || err != nil {
			t.Errorf("the lease: %v, %v", found, err)
		}
		start := time.Now()
		if must(t, st.Close()); time.Since(start) > announceTime/2 {
			t.Errorf("the end took %v", time.Since(start))
		}
	}
	now, err := newCollector(openMany(t, c), 0).renew(ctx)
	if must(t, err); now != 0 {
		t.Error("the lease is given up; it should end by itself")
	}
}

func openMany(t *testing.T, c *cluster) *db {
	t.Helper()
	st, err := c.open("other?writers=many", store.Settings{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	return st.(*db)
}
