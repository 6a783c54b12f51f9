// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"time"

	"github.com/tikv/client-go/v2/tikv"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
)

// Begin implements store.Store.
func (d *db) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	return d.begin(ctx, from, false)
}

// TryBegin implements store.TryBeginner.
func (d *db) TryBegin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	return d.begin(ctx, from, true)
}

// remoteTx is what a transaction holds in TiKV.
type remoteTx struct {
	reading
	// txn holds the fence, where one writes, and is nil otherwise.
	txn *tikv.KVTxn
	seq uint64 // commits before it
}

func (d *db) begin(ctx context.Context, from store.Snapshot, now bool) (store.Tx, error) {
	snap, ok := from.(*snapshot)
	switch {
	case d.o.readOnly:
		return nil, &errs.Error{Code: errs.CodeReadOnly, Op: "begin", Path: d.o.shown, Detail: "the store was opened with mode=ro"}
	case from != nil && (!ok || snap.d != d):
		return nil, d.misuse("begin", "the snapshot is another store's")
	case snap != nil && !snap.mayWrite:
		return nil, d.misuse("begin", "the snapshot is for reading only")
	case snap != nil && snap.closed:
		return nil, d.misuse("begin", "the snapshot is closed")
	}
	if err := d.use("begin"); err != nil {
		return nil, err
	}
	var t *remoteTx
	var err error
	if d.o.many {
		t, err = d.beginMany(ctx, snap)
	} else {
		t, err = d.beginOne(ctx, snap, now)
	}
	if err != nil {
		d.unuse()
		return nil, d.errorOf("begin", err)
	}
	return overlay.New(overlay.Options{Snapshot: t.reading, Caps: d.Caps(), Apply: t.apply, Rollback: t.rollback}), nil
}

// beginMany takes a timestamp, or that of the snapshot.
func (d *db) beginMany(ctx context.Context, snap *snapshot) (t *remoteTx, err error) {
	t = &remoteTx{reading: reading{d: d}}
	if snap != nil {
		t.ts = snap.ts
		return t, ctx.Err()
	}
	t.ts, err = d.now(ctx)
	return t, err
}

// commitLimit is how long a COMMIT may take. It is not ended by its context, as its outcome would not be known.
const commitLimit = 30 * time.Second

// apply commits what was written, and ends the transaction.
func (t *remoteTx) apply(ctx context.Context, w *overlay.Writes) error {
	if w.Empty() {
		return t.rollback(ctx)
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.d.limit)
	defer cancel()
	// What is older than the safe point must not be committed: TiKV may have forgotten deletions that conflict with it.
	txn, err := t.txn, t.d.kv.CheckVisibility(t.ts)
	if err == nil && txn == nil {
		txn, err = t.d.kv.Begin(tikv.WithStartTS(t.ts))
	}
	if err == nil {
		err = t.write(within, txn, w)
	}
	if err != nil {
		if txn != nil {
			_ = txn.Rollback()
		}
		t.end()
		return t.d.errorOf("commit", err)
	}
	err = txn.Commit(within)
	t.end()
	if err != nil && within.Err() != nil && codeOf(err) != errs.CodeConflict {
		return &errs.Error{Code: errs.CodeUndetermined, Op: "commit", Path: t.d.o.shown, Err: err,
			Detail: "COMMIT did not end within " + t.d.limit.String()}
	}
	return t.d.errorOf("commit", err)
}

// write puts the net result into a transaction of TiKV's: what the last word about a key is, once.
func (t *remoteTx) write(ctx context.Context, txn *tikv.KVTxn, w *overlay.Writes) error {
	for after, before := range w.Ranges() {
		if err := t.deleteRange(ctx, txn, after, before); err != nil {
			return err
		}
	}
	for key := range w.Deletes() {
		if err := txn.Delete(t.d.k.row(key, false)); err != nil {
			return err
		}
	}
	for key, value := range w.Puts() {
		if err := txn.Set(t.d.k.row(key, false), stored(value)); err != nil {
			return err
		}
	}
	if t.txn == nil {
		return nil
	}
	return txn.Set(t.d.k.fence, count(t.seq+1))
}

// deleteRange deletes the keys of a range one by one: TiKV has nothing better in a transaction.
func (t *remoteTx) deleteRange(ctx context.Context, txn *tikv.KVTxn, after, before []byte) error {
	p := page{span: t.d.k.span(&store.Range{Lo: after, HasLo: true, LoOpen: true, Hi: before, HasHi: true, HiOpen: true})}
	for p.more = true; p.more; {
		var err error
		if p, err = t.d.read(t.ts, p.span, mostKeys, true); err != nil {
			return err
		}
		for _, r := range p.rows {
			if err := txn.Delete(t.d.k.row(r.key, false)); err != nil {
				return err
			}
		}
		if int64(txn.Size()) > MaxTx {
			return &errs.Error{Code: errs.CodeTooBig, Op: "commit", Path: t.d.o.shown,
				Detail: "a deleted range has so many keys that they do not fit into a transaction; delete a part at a time"}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// rollback ends the transaction. Nothing was sent except the lock.
func (t *remoteTx) rollback(context.Context) error {
	var err error
	if t.txn != nil {
		err = t.txn.Rollback()
	}
	t.end()
	return t.d.errorOf("rollback", err)
}

// end gives back what the transaction holds in this process.
func (t *remoteTx) end() {
	if t.txn != nil {
		<-t.d.turn
	}
	t.d.unuse()
}
