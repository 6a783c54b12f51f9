// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// TestBudget has many take parts of a budget at the same time: they never have more than it, and all come to theirs.
func TestBudget(t *testing.T) {
	const most = 100
	b := budget{left: most}
	var taken atomic.Int64
	var all sync.WaitGroup
	for n := range uint32(50) {
		all.Go(func() {
			part := 2*n + 2
			if err := b.take(context.Background(), part); err != nil {
				t.Error(err)
				return
			}
			if now := taken.Add(int64(part)); now > most {
				t.Errorf("%d of %d are taken", now, most)
			}
			taken.Add(-int64(part))
			b.give(part)
		})
	}
	all.Wait()
	if b.left != most {
		t.Errorf("%d are left of %d", b.left, most)
	}

	if err := b.take(context.Background(), most); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.take(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("nothing is left: %v", err)
	}
	b.give(most)
}
