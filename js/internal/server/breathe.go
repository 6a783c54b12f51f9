// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"sync"
	"time"
)

// breath is how long work goes on at most until JavaScript has its turn.
const breath = 10 * time.Millisecond

// breathing is a context for long work in one piece. In WebAssembly no message comes, and no other request is
// answered, before all goroutines wait for something: so a goroutine that asks whether this has ended waits for a
// moment now and then, and all who ask meanwhile wait with it.
type breathing struct{ context.Context }

var breathed struct {
	mu   sync.Mutex
	last time.Time
}

// Err implements context.Context.
func (b breathing) Err() error {
	breathed.mu.Lock()
	if now := time.Now(); now.Sub(breathed.last) > breath {
		pause()
		breathed.last = time.Now()
	}
	breathed.mu.Unlock()
	return b.Context.Err()
}
