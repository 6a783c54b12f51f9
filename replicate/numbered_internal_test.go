// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"math/rand/v2"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// numbered returns the operations of transaction n, always the same: it sets the key "n", so a state says which it is.
func numbered(n uint64) []object.Op {
	rng := rand.New(rand.NewPCG(n, 5))
	return append(randomTx(rng), object.Op{Kind: object.OpPut, Key: []byte("n"), Value: strconv.AppendUint(nil, n, 10)})
}

// writeNumbered makes transactions of a database, from the one after its last.
func writeNumbered(ctx context.Context, db *engine.DB) (uint64, error) {
	value, _, err := db.Get(nil, []byte("n"))
	if err != nil {
		return 0, err
	}
	n, _ := strconv.ParseUint(string(value), 10, 64)
	n++
	return n, db.Update(ctx, func(tx *engine.Tx) error {
		for _, op := range numbered(n) {
			if err := applyOp(tx, op); err != nil {
				return err
			}
		}
		return nil
	})
}

// numberedModel returns the rows after n transactions.
func numberedModel(n uint64) map[string]string {
	f := newFakeSource()
	for i := range n {
		f.commit(numbered(i + 1)...)
	}
	return f.model(n)
}
