// SPDX-License-Identifier: Apache-2.0

package overlay_test

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// limited returns a transaction with limits, and the calls that have ended it.
func limited(caps store.Caps) (*overlay.Tx, *[]string) {
	var calls []string
	return overlay.New(overlay.Options{
		Snapshot: storetest.NewModel(nil), Caps: caps,
		Apply: func(_ context.Context, w *overlay.Writes) error {
			calls = append(calls, fmt.Sprintf("apply empty=%v", w.Empty()))
			return &errs.Error{Code: errs.CodeConflict, Op: "commit"}
		},
		Rollback: func(context.Context) error { calls = append(calls, "rollback"); return nil },
	}), &calls
}

// Limits are those of the store, they are checked before anything is kept, and the error names them.
func TestLimits(t *testing.T) {
	ctx := context.Background()
	tx, _ := limited(store.Caps{MaxKey: 10, MaxValue: 100, MaxTx: 8 << 10})
	long := []byte(strings.Repeat("k", 11))
	for what, err := range map[string]error{
		"a key of 11 bytes; the longest that this store takes has 10":      tx.Put(ctx, long, nil),
		"a key of 11 bytes; the longest that this store takes has 10 ":     tx.Delete(ctx, long),
		"a key of 11 bytes; the longest that this store takes has 10  ":    tx.DeleteRange(ctx, long, nil),
		"a key of 11 bytes; the longest that this store takes has 10   ":   tx.DeleteRange(ctx, nil, long),
		"a value of 101 bytes; the longest that this store takes has 100 ": tx.Put(ctx, long[:10], make([]byte, 101)),
	} {
		if !errors.Is(err, errs.ErrTooBig) || !strings.Contains(err.Error(), strings.TrimRight(what, " ")) {
			t.Errorf("%v, should be %q", err, what)
		}
	}
	must(t, tx.Put(ctx, long[:10], make([]byte, 100)))
	n, err := 0, error(nil)
	for ; err == nil && n < 1000; n++ {
		err = tx.Put(ctx, fmt.Appendf(nil, "%d", n), make([]byte, 100))
	}
	if !errors.Is(err, errs.ErrTooBig) || !strings.Contains(err.Error(), "the most is 8192") || n < 20 || n > 80 {
		t.Errorf("%v after %d rows", err, n)
	}
	// What was undone does not count.
	must(t, tx.RollbackTo(1), tx.Put(ctx, []byte("a"), make([]byte, 100)), tx.Rollback(ctx))

	// A store without limits has that of the package.
	if bits.UintSize == 32 {
		return // which has no room for such a value
	}
	tx, _ = limited(store.Caps{})
	if err := tx.Put(ctx, nil, make([]byte, overlay.MaxBytes)); !errors.Is(err, errs.ErrTooBig) {
		t.Errorf("%d bytes: %v", overlay.MaxBytes, err)
	}
	must(t, tx.Rollback(ctx))
}

// The transaction ends once, in the store as well, and with the store's error.
func TestEnds(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		end  func(tx *overlay.Tx) error
		is   error
		want string
	}{
		{func(tx *overlay.Tx) error { return tx.Commit(context.Background()) }, errs.ErrConflict, "apply empty=true"},
		{func(tx *overlay.Tx) error {
			must(t, tx.Put(context.Background(), nil, nil))
			return tx.Commit(context.Background())
		},
			errs.ErrConflict, "apply empty=false"},
		{func(tx *overlay.Tx) error { return tx.Commit(ended) }, context.Canceled, "rollback"},
		{func(tx *overlay.Tx) error { return tx.Rollback(ended) }, nil, "rollback"},
	} {
		tx, calls := limited(store.Caps{})
		if err := tt.end(tx); !errors.Is(err, tt.is) {
			t.Errorf("%s: %v, should be %v", tt.want, err, tt.is)
		}
		for _, err := range []error{tx.Commit(context.Background()), tx.Rollback(context.Background())} {
			if !errors.Is(err, errs.ErrMisuse) {
				t.Errorf("%s: ended again: %v", tt.want, err)
			}
		}
		if got := strings.Join(*calls, ", "); got != tt.want {
			t.Errorf("%s, should be %s", got, tt.want)
		}
	}
}

// A transaction that reads and writes by turns, with a cursor for each read, keeps its memory.
func TestManyReadsAndWrites(t *testing.T) {
	ctx := context.Background()
	tx, _ := limited(store.Caps{MaxTx: 4 << 20})
	for i := range 220_000 {
		if key := fmt.Appendf(nil, "%02d", i%100); i/100%2 == 0 {
			must(t, tx.Delete(ctx, key))
		} else {
			must(t, tx.Put(ctx, key, nil))
		}
		c, err := tx.Cursor(ctx)
		must(t, err)
		must(t, c.Close())
	}
	must(t, tx.Rollback(ctx))
}
