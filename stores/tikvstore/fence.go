// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"time"

	tikverr "github.com/tikv/client-go/v2/error"
	tikvkv "github.com/tikv/client-go/v2/kv"
	"github.com/tikv/client-go/v2/tikv"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// The fence is a key that counts the commits of a store with one writer. A transaction locks it when it begins, so
// that no other one begins, and writes it at COMMIT, which TiKV refuses if the lock was lost.

// fenceWait is how long the server lets a transaction wait for the fence before this one looks at its context again.
const fenceWait = time.Second

// beginOne waits for the turn in this process, and then for the fence.
func (d *db) beginOne(ctx context.Context, snap *snapshot, now bool) (*remoteTx, error) {
	if err := d.takeTurn(ctx, now); err != nil {
		return nil, err
	}
	f, err := d.lockFence(ctx, now) // gives the turn back if it fails
	if err != nil {
		return nil, err
	}
	t := &remoteTx{reading: reading{d, f.txn.StartTS()}, txn: f.txn, seq: f.seq}
	if snap == nil {
		return t, nil
	}
	t.ts = snap.ts
	then, err := d.commits(ctx, snap.ts)
	if err == nil && then != t.seq {
		err = &errs.Error{Code: errs.CodeBusySnapshot, Op: "begin", Path: d.o.shown}
	}
	if err != nil {
		_ = t.txn.Rollback()
		<-d.turn
		return nil, err
	}
	return t, nil
}

func (d *db) takeTurn(ctx context.Context, now bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if now {
		select {
		case d.turn <- struct{}{}:
			return nil
		default:
			return d.taken()
		}
	}
	select {
	case d.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *db) taken() error {
	return &errs.Error{Code: errs.CodeBusy, Op: "begin", Path: d.o.shown, Detail: "another transaction has the writer's turn"}
}

// fenced is a transaction of TiKV's that holds the fence, and how many commits there were before it.
type fenced struct {
	txn *tikv.KVTxn
	seq uint64
}

// lockFence begins a transaction of TiKV's that holds the fence. If the context ends, what was begun is undone on the
// side: the lock may come nevertheless, and would keep all others waiting. The turn is given back only then.
func (d *db) lockFence(ctx context.Context, now bool) (fenced, error) {
	type result struct {
		f   fenced
		err error
	}
	done := make(chan result)
	d.calls.Go(func() {
		f, err := d.lockUntil(ctx, now)
		if err != nil {
			<-d.turn
		}
		select {
		case done <- result{f, err}:
		case <-ctx.Done():
			if err == nil {
				_ = f.txn.Rollback()
				<-d.turn
			}
		}
	})
	select {
	case r := <-done:
		return r.f, r.err
	case <-ctx.Done():
		return fenced{}, ctx.Err()
	}
}

// lockUntil locks the fence, or fails when the context has ended. A transaction that has begun before the newest commit
// begins again: TiKV would refuse what it writes.
func (d *db) lockUntil(ctx context.Context, now bool) (f fenced, err error) {
	for ctx.Err() == nil {
		if f.txn, err = d.kv.Begin(); err != nil {
			return f, err
		}
		var late bool
		if err = d.lock(ctx, f.txn, now); err == nil {
			f.seq, late, err = d.isLate(f.txn)
		}
		if err == nil && !late {
			return f, nil
		}
		_ = f.txn.Rollback()
		if err != nil {
			return f, err
		}
	}
	return f, ctx.Err()
}

// lock locks the fence.
func (d *db) lock(ctx context.Context, txn *tikv.KVTxn, now bool) error {
	txn.SetPessimistic(true)
	wait := fenceWait.Milliseconds()
	if now {
		wait = tikvkv.LockNoWait
	}
	for {
		err := txn.LockKeysWithWaitTime(context.Background(), wait, d.k.fence)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, tikverr.ErrLockAcquireFailAndNoWaitSet):
			return d.taken()
		case !errors.Is(err, tikverr.ErrLockWaitTimeout) && codeOf(err) != errs.CodeConflict:
			return err
		}
		// Another one has the fence, or has just written it: again, at a later timestamp.
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// isLate compares the commits before a transaction that holds the fence with all that there are.
func (d *db) isLate(txn *tikv.KVTxn) (seq uint64, late bool, err error) {
	before, err := d.commits(context.Background(), txn.StartTS())
	if err != nil {
		return 0, false, err
	}
	seq, err = d.commits(context.Background(), math.MaxUint64)
	return seq, seq != before, err
}

// commits returns how many commits there were at a timestamp.
func (d *db) commits(ctx context.Context, at uint64) (uint64, error) {
	value, found, err := d.get(ctx, at, d.k.fence)
	switch {
	case err != nil || !found:
		return 0, err
	case len(value) != 8:
		return 0, &errs.Error{Code: errs.CodeCorrupt, Op: "begin", Path: d.o.shown,
			Detail: "the count of commits is damaged; does another program write there?"}
	}
	return binary.BigEndian.Uint64(value), nil
}

func count(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
