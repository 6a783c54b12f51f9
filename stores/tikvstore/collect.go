// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/pingcap/log"
	"github.com/tikv/client-go/v2/oracle"
	"github.com/tikv/client-go/v2/tikv"
	"go.uber.org/zap"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

const (
	// MinGC is the shortest time for which old states may be kept: what is older than that is gone under the
	// transactions that still read it. MaxGC is the longest.
	MinGC = 10 * time.Minute
	MaxGC = 30 * 24 * time.Hour

	// collectEvery is how often garbage is collected, and how often a client that does not do it looks whether it
	// has to.
	collectEvery = 5 * time.Minute
	// collectLimit is how long it may take once the safe point has been announced.
	collectLimit = 5 * time.Minute
	// announceTime is how long a safe point is announced before anything is collected. All clients have read it by
	// then, or refuse to read, and a COMMIT that had begun before is over.
	announceTime = tikv.GcSafePointCacheInterval + 2*commitLimit
	// leaseTime is for how long a client has the lease. It is longer than a round takes.
	leaseTime = announceTime + 2*collectLimit
	// publishLimit is how long it may take to announce a safe point, from when the lease was renewed.
	publishLimit = leaseTime / 4

	// gcService is under what name the placement driver knows who collects garbage. There is one in a cluster: its
	// record cannot be deleted, so another name would wait for it forever.
	gcService = "gc_worker"
	// tidbServers is where TiDB's servers say that they are there.
	tidbServers = "/tidb/server/info"
)

// collector collects garbage, as long as it has the lease. There is one lease for the whole cluster: there is one safe
// point too, and two that move it would announce one thing and collect another.
//
// A safe point is announced first, so that clients refuse to show what is older, and garbage is collected later. TiKV
// itself refuses nothing: without the announcement an old snapshot would show rows that are missing or wrong.
type collector struct {
	d     *db
	id    [16]byte
	keep  time.Duration
	lease time.Duration
	wait  func(context.Context) error // from the announcement to the collection
}

func newCollector(d *db, keep time.Duration) *collector {
	c := &collector{d: d, keep: keep, lease: leaseTime, wait: untilAnnounced}
	_, _ = rand.Read(c.id[:]) // it never fails
	return c
}

// collect starts to collect garbage, until the store is closed.
func (d *db) collect(ctx context.Context) error {
	c := newCollector(d, d.o.gc)
	found, err := do(d, ctx, c.hasTiDB)
	switch {
	case err != nil:
		return d.errorOf("open", err)
	case found:
		return &errs.Error{Code: errs.CodeMisuse, Op: "open", Path: d.o.shown,
			Detail: "TiDB runs in this cluster and collects garbage; leave gc out, and set tidb_gc_life_time there"}
	}
	life, end := context.WithCancel(context.Background())
	d.endCollector = end
	d.calls.Go(func() { c.run(life, collectEvery) })
	return nil
}

func (c *collector) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := c.round(ctx); err != nil && ctx.Err() == nil {
			log.Warn("lsmlite: collecting garbage failed; it goes on later", zap.String("store", c.d.o.shown), zap.Error(err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// round moves the safe point once, if this client has the lease or gets it.
func (c *collector) round(ctx context.Context) error {
	start := time.Now()
	now, err := c.renew(ctx)
	if err != nil || now == 0 {
		return err
	}
	if found, err := c.hasTiDB(); err != nil || found {
		return err // TiDB has come since: it knows better
	}
	point, err := c.choose(ctx, now)
	if err != nil || point == 0 {
		return err
	}
	// A client that was stopped for as long as others need to take its place must not announce an older point.
	if since := time.Since(start); since > min(publishLimit, c.lease) {
		return fmt.Errorf("it took %v to choose a safe point", since)
	}
	if err := c.d.kv.GetSafePointKV().Put(tikv.GcSavedSafePoint, strconv.FormatUint(point, 10)); err != nil {
		return err
	}
	c.d.kv.UpdateSPCache(point, time.Now())
	if err := c.wait(ctx); err != nil {
		return err
	}
	if now, err = c.renew(ctx); err != nil || now == 0 {
		return err // another one collects
	}
	if announced, err := c.announced(); err != nil || announced < point {
		return err // clients may show what would be collected
	}
	within, cancel := context.WithTimeout(ctx, collectLimit)
	defer cancel()
	_, err = c.d.kv.GC(within, point)
	return err
}

// untilAnnounced waits for as long as a safe point is announced.
func untilAnnounced(ctx context.Context) error {
	wait := time.NewTimer(announceTime)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// choose returns the safe point to announce, which is later than the one announced, or 0. Others who need old states,
// as backups do, have told the placement driver: their points are respected.
func (c *collector) choose(ctx context.Context, now uint64) (uint64, error) {
	physical := oracle.ExtractPhysical(now) - c.keep.Milliseconds()
	if physical <= 0 {
		return 0, nil
	}
	point := oracle.ComposeTS(physical, 0)
	announced, err := c.announced()
	if err != nil || point <= announced {
		return 0, err
	}
	least, err := c.d.kv.GetPDClient().UpdateServiceGCSafePoint(ctx, gcService, math.MaxInt64, point)
	if point = min(point, least); err != nil || point <= announced {
		return 0, err
	}
	return point, nil
}

// announced returns the safe point that clients have been told.
func (c *collector) announced() (uint64, error) {
	text, err := c.d.kv.GetSafePointKV().Get(tikv.GcSavedSafePoint)
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseUint(text, 10, 64)
}

func (c *collector) hasTiDB() (bool, error) {
	found, err := c.d.kv.GetSafePointKV().GetWithPrefix(tidbServers)
	return len(found) > 0, err
}

// renew takes the lease or makes it longer, and returns the time in the cluster then. It returns 0 if another client
// has the lease. Times are those of the placement driver, whatever the clock of this machine says.
func (c *collector) renew(ctx context.Context) (uint64, error) {
	txn, err := c.d.kv.Begin()
	if err != nil {
		return 0, err
	}
	now := txn.StartTS()
	held, found, err := c.d.get(ctx, now, leaseKey)
	if err == nil && found {
		mine := bytes.HasPrefix(held, c.id[:])
		switch {
		case len(held) != len(c.id)+8:
			err = &errs.Error{Code: errs.CodeCorrupt, Op: "collect", Path: c.d.o.shown,
				Detail: "the lease of the garbage collector is damaged; does another program write there?"}
		case !mine && binary.BigEndian.Uint64(held[len(c.id):]) > now:
			return 0, txn.Rollback()
		}
	}
	if err == nil {
		until := oracle.ComposeTS(oracle.ExtractPhysical(now)+c.lease.Milliseconds(), 0)
		err = txn.Set(leaseKey, append(bytes.Clone(c.id[:]), count(until)...))
	}
	if err != nil {
		_ = txn.Rollback()
		return 0, err
	}
	within, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	err = txn.Commit(within)
	if err != nil && codeOf(err) == errs.CodeConflict { // another client has taken it at the same time
		return 0, nil
	}
	return now, err
}
