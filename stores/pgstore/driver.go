// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"net/url"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
)

// schemes are those of the names that the package registers.
var schemes = []string{"postgres", "postgresql"}

func init() {
	for _, scheme := range schemes {
		store.Register(scheme, store.Driver{Settings: []string{"safety"}, Open: Open})
	}
}

// Open opens the store that u names, as sql.Open does.
func Open(ctx context.Context, u *url.URL, s store.Settings) (store.Store, error) {
	r, err := open(ctx, u, s)
	if err != nil {
		return nil, err
	}
	if r.o.many {
		return db{r}, nil
	}
	return turns{db{r}}, nil
}

var (
	_ store.Store       = db{}
	_ store.TryBeginner = turns{}
	_ store.WriterInfo  = turns{}
)

// db is a remote store with transactions.
type db struct{ *remote }

// Snapshot implements store.Store.
func (d db) Snapshot(ctx context.Context, mayWrite bool) (store.Snapshot, error) {
	s, err := d.snapshot(ctx, mayWrite)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Begin implements store.Store.
func (d db) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	return d.beginOver(ctx, from, false)
}

// turns is a db with a single writer.
type turns struct{ db }

// TryBegin implements store.TryBeginner.
func (d turns) TryBegin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	return d.beginOver(ctx, from, true)
}

// Writer implements store.WriterInfo, for the transactions of this process.
func (d turns) Writer() (since time.Time, busy bool) {
	w := d.writing
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.since, !w.since.IsZero()
}

func (d db) beginOver(ctx context.Context, from store.Snapshot, now bool) (store.Tx, error) {
	snap, mine := from.(*snapshot)
	if from != nil && !mine {
		return nil, d.errorf(errs.CodeMisuse, "begin", "the snapshot is another store's")
	}
	t, err := d.begin(ctx, snap, now)
	if err != nil {
		return nil, err
	}
	return overlay.New(overlay.Options{
		Snapshot: t.reading,
		Caps:     d.Caps(),
		Apply:    t.apply,
		Rollback: func(ctx context.Context) error { t.rollback(ctx); return nil },
	}), nil
}

// apply is the end of a transaction that wrote w. With nothing written there is nothing to commit, except that a
// serializable transaction does not know before its COMMIT whether what it read fits together.
func (t *remoteTx) apply(ctx context.Context, w *overlay.Writes) error {
	if w.Empty() && !t.w.o.serializable {
		t.rollback(ctx)
		return nil
	}
	return t.commit(ctx, func(p *pieces) error {
		for after, before := range w.Ranges() {
			if err := p.deleteRange(ctx, after, before); err != nil {
				return err
			}
		}
		for key := range w.Deletes() {
			if err := p.delete(ctx, key); err != nil {
				return err
			}
		}
		for key, value := range w.Puts() {
			if err := p.put(ctx, key, value); err != nil {
				return err
			}
		}
		return nil
	})
}
