// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	tikverr "github.com/tikv/client-go/v2/error"
	"github.com/tikv/client-go/v2/oracle"
	"github.com/tikv/client-go/v2/tikv"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

const (
	// MaxKey, MaxValue and MaxTx are the limits of keys, values and transactions in bytes. They are those of this
	// package, well below what servers take with their default settings; the client checks nothing.
	MaxKey         = 4 << 10
	MaxValue       = 4 << 20
	MaxTx    int64 = 64 << 20
)

var (
	_ store.Store       = (*db)(nil)
	_ store.Pinger      = (*db)(nil)
	_ store.TryBeginner = (*db)(nil)
)

// db is an open store.
type db struct {
	kv    *tikv.KVStore
	o     options
	k     keys
	limit time.Duration // of a COMMIT
	turn  chan struct{} // in this process, so that transactions come in order of arrival

	mu      sync.Mutex
	handles int // transactions, snapshots and cursors that are open
	closed  bool
	calls   sync.WaitGroup // those that run on the side

	endCollector func() // nil if this client collects no garbage
}

// newDB opens the store of a client, which it owns from then on.
func newDB(ctx context.Context, kv *tikv.KVStore, o options) (*db, error) {
	d := &db{kv: kv, o: o, k: keysOf(o.name), limit: commitLimit, turn: make(chan struct{}, 1)}
	err := d.agree(ctx)
	if err == nil && o.gc > 0 {
		err = d.collect(ctx)
	}
	if err != nil {
		d.calls.Wait()
		return nil, err
	}
	return d, nil
}

// agree reads or makes what is recorded of the store, and compares it with what its name says.
func (d *db) agree(ctx context.Context) error {
	for {
		found, ok, err := d.get(ctx, math.MaxUint64, d.k.meta)
		switch {
		case err != nil:
			return d.errorOf("open", err)
		case ok && string(found) == d.o.writers():
			return nil
		case ok:
			return &errs.Error{Code: errs.CodeMismatch, Op: "open", Path: d.o.shown,
				Detail: fmt.Sprintf("the store was made with writers=%s; say the same everywhere", found)}
		case !d.o.create:
			return &errs.Error{Code: errs.CodeCantOpen, Op: "open", Path: d.o.shown,
				Detail: "there is no store of that name; mode=rwc makes one"}
		}
		_, err = do(d, ctx, func() (struct{}, error) {
			txn, err := d.kv.Begin()
			if err == nil {
				err = txn.Set(d.k.meta, []byte(d.o.writers()))
			}
			if err == nil {
				err = txn.Commit(context.Background())
			}
			return struct{}{}, err
		})
		if err != nil && codeOf(err) != errs.CodeConflict { // else another one has made it meanwhile
			return d.errorOf("open", err)
		}
	}
}

// do runs a call that takes no context, or does not obey it. If the context ends first, the call goes on on the side.
func do[T any](d *db, ctx context.Context, call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if ctx.Done() == nil {
		return call()
	}
	done := make(chan result, 1)
	d.calls.Go(func() {
		value, err := call()
		done <- result{value, err}
	})
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Caps implements store.Store.
func (d *db) Caps() store.Caps {
	return store.Caps{MaxKey: MaxKey, MaxValue: MaxValue, MaxTx: MaxTx, SingleWriter: !d.o.many, CommitConflicts: true,
		WriteSkew: d.o.many, RangeDeleteLinear: true}
}

// use counts a handle more, unless the store is closed.
func (d *db) use(op string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return d.misuse(op, "the store is closed")
	}
	d.handles++
	return nil
}

func (d *db) unuse() {
	d.mu.Lock()
	d.handles--
	d.mu.Unlock()
}

// Close implements store.Store.
func (d *db) Close() error {
	d.mu.Lock()
	switch {
	case d.closed:
		d.mu.Unlock()
		return nil
	case d.handles > 0:
		defer d.mu.Unlock()
		return &errs.Error{Code: errs.CodeBusy, Op: "close", Path: d.o.shown,
			Detail: fmt.Sprintf("transactions, snapshots and cursors still in use: %d", d.handles)}
	}
	d.closed = true
	d.mu.Unlock()
	if d.endCollector != nil {
		d.endCollector()
	}
	d.calls.Wait()
	return d.errorOf("close", d.kv.Close())
}

// now returns a timestamp after all commits that have been acknowledged.
func (d *db) now(ctx context.Context) (uint64, error) {
	return do(d, ctx, func() (uint64, error) { return d.kv.CurrentTimestamp(oracle.GlobalTxnScope) })
}

// Ping implements store.Pinger.
func (d *db) Ping(ctx context.Context) error {
	if err := d.use("ping"); err != nil {
		return err
	}
	defer d.unuse()
	_, err := d.now(ctx)
	return d.errorOf("ping", err)
}

// get reads a key of TiKV at a timestamp, of which the greatest is the newest state. Each lookup has a snapshot of the
// client's for itself, because those keep what they have read.
func (d *db) get(ctx context.Context, at uint64, key []byte) (value []byte, found bool, err error) {
	value, err = do(d, ctx, func() ([]byte, error) { return d.kv.GetSnapshot(at).Get(ctx, key) })
	if tikverr.IsErrNotFound(err) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// reading is a state of the rows.
type reading struct {
	d  *db
	ts uint64
}

// newest is the state at the moment of each call.
func (d *db) newest() reading { return reading{d, math.MaxUint64} }

func (r reading) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	got, found, err := r.d.get(ctx, r.ts, r.d.k.row(key, false))
	if err != nil || !found {
		return dst, false, r.d.errorOf("get", err)
	}
	value, err := r.d.value(got)
	return append(dst, value...), err == nil, err
}

func (r reading) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	value, found, err := r.Get(ctx, nil, key)
	return len(value), found, err
}

func (r reading) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := r.d.use("cursor"); err != nil {
		return nil, err
	}
	var err error
	if r.ts == math.MaxUint64 { // a cursor stays where it begins
		r.ts, err = r.d.now(ctx)
	} else {
		err = ctx.Err()
	}
	if err != nil {
		r.d.unuse()
		return nil, r.d.errorOf("cursor", err)
	}
	return &cursor{d: r.d, ts: r.ts}, nil
}

// Get implements store.Reader.
func (d *db) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := d.use("get"); err != nil {
		return dst, false, err
	}
	defer d.unuse()
	return d.newest().Get(ctx, dst, key)
}

// ValueLen implements store.Reader.
func (d *db) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := d.use("length"); err != nil {
		return 0, false, err
	}
	defer d.unuse()
	return d.newest().ValueLen(ctx, key)
}

// Cursor implements store.Reader.
func (d *db) Cursor(ctx context.Context) (store.Cursor, error) { return d.newest().Cursor(ctx) }
