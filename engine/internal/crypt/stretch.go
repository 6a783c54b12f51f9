// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"context"
	"crypto/fips140"
	"sync"

	"golang.org/x/crypto/argon2"

	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// stretch makes a key of a passphrase. Parameters beyond the limits are refused before they cost
// anything. Many at the same time wait for each other: together they take as much memory as one may at most.
func stretch(ctx context.Context, passphrase, salt []byte, p keys.Params) ([]byte, error) {
	if fips140.Enforced() {
		return nil, refusedByFIPS("argon2id")
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := stretching.take(ctx, p.MemoryKiB); err != nil {
		return nil, err
	}
	defer stretching.give(p.MemoryKiB)
	return argon2.IDKey(passphrase, salt, p.Time, p.MemoryKiB, uint8(p.Lanes), KeySize), nil
}

// stretching is the memory of all passphrases of the process that are tried at the same time.
var stretching = budget{left: keys.MaxMemoryKiB}

// budget is an amount that is lent in parts.
type budget struct {
	mu   sync.Mutex
	left uint32
	back chan struct{} // closed when some comes back; nil if nobody waits for that
}

// take waits until n are left, which must not be more than there ever are, or until ctx ends.
func (b *budget) take(ctx context.Context, n uint32) error {
	for {
		b.mu.Lock()
		if b.left >= n {
			b.left -= n
			b.mu.Unlock()
			return nil
		}
		if b.back == nil {
			b.back = make(chan struct{})
		}
		back := b.back
		b.mu.Unlock()
		select {
		case <-back:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *budget) give(n uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	if b.back != nil {
		close(b.back)
		b.back = nil
	}
}
