// SPDX-License-Identifier: Apache-2.0

package writer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// TestEndedTransactionDisturbsNoOther: the memory of its savepoints is that of the next one.
func TestEndedTransactionDisturbsNoOther(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t, nil)
	var ended, tx Tx
	must(t, d.Begin(ctx, &ended))
	must(t, ended.Put([]byte("a"), nil))
	_, err := ended.Begin()
	must(t, err)
	must(t, ended.Commit(ctx))

	must(t, d.Begin(ctx, &tx))
	must(t, tx.Put([]byte("b"), nil))
	two, err := tx.Begin()
	must(t, err)
	must(t, tx.Put([]byte("c"), nil))
	_, beginErr := ended.Begin()
	for what, err := range map[string]error{
		"Begin": beginErr, "CommitTo": ended.CommitTo(1), "RollbackTo": ended.RollbackTo(1), "Rollback": ended.Rollback(),
		"Commit": ended.Commit(ctx), "Put": ended.Put([]byte("x"), nil),
	} {
		if !errors.Is(err, errs.ErrMisuse) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	must(t, tx.RollbackTo(two))
	must(t, tx.Commit(ctx))
	if !d.sees("a") || !d.sees("b") || d.sees("c") || d.sees("x") {
		t.Errorf("rows %t %t %t %t", d.sees("a"), d.sees("b"), d.sees("c"), d.sees("x"))
	}
	d.expectFree("afterwards")
}

// TestSavepointsAreForgotten: neither a transaction with many levels nor the trees that
// savepoints were made of stay in memory.
func TestSavepointsAreForgotten(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t, nil)
	for _, levels := range []int{1, 3, keptMarks, 20 * keptMarks} {
		for _, end := range []func(tx *Tx) error{
			func(tx *Tx) error { return tx.Commit(ctx) },
			(*Tx).Rollback,
			func(tx *Tx) error { return errors.Join(tx.RollbackTo(1), tx.Commit(ctx)) },
			func(tx *Tx) error { return errors.Join(tx.CommitTo(1), tx.Put([]byte("z"), nil), tx.Commit(ctx)) },
		} {
			var tx Tx
			must(t, d.Begin(ctx, &tx))
			for level := 1; level < levels; level++ {
				must(t, tx.Put(fmt.Appendf(nil, "%d", level), nil))
				_, err := tx.Begin()
				must(t, err)
			}
			must(t, end(&tx))
			d.expectFree("afterwards")
			if cap(d.marks) > keptMarks || len(d.marks) != 0 {
				t.Errorf("%d levels: memory for %d savepoints is kept, %d in use", levels, cap(d.marks), len(d.marks))
			}
			for i, m := range d.marks[:cap(d.marks)] {
				if !reflect.ValueOf(m).IsZero() {
					t.Errorf("%d levels: savepoint %d is kept", levels, i)
				}
			}
		}
	}
}
