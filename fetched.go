// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"bytes"
	"context"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// fetchedKey is a source of a key that was asked before, by who can wait for it: what opens the database holds
// up others meanwhile. It gives what came then, until it is wiped; from then on it asks the source again.
type fetchedKey struct {
	source keys.Source

	mu  sync.Mutex
	got *keys.Material // nil with an error, and after wipe
	err error
}

// fetchKey asks a source for its key. An error is kept for who uses the key.
func fetchKey(ctx context.Context, source keys.Source) *fetchedKey {
	f := &fetchedKey{source: source}
	f.got, f.err = source.Material(ctx)
	return f
}

// Material implements keys.Source.
func (f *fetchedKey) Material(ctx context.Context) (*keys.Material, error) {
	f.mu.Lock()
	got, err := f.got, f.err
	if got != nil {
		m := *got
		m.Key, m.Passphrase = bytes.Clone(m.Key), bytes.Clone(m.Passphrase) // the caller overwrites them
		got = &m
	}
	f.mu.Unlock()
	if got != nil || err != nil {
		return got, err
	}
	return f.source.Material(ctx)
}

// wipe overwrites the key.
func (f *fetchedKey) wipe() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.got != nil {
		f.got.Wipe()
	}
	f.got, f.err = nil, nil
}

func (f *fetchedKey) String() string { return f.source.String() }

// GoString is what %#v shows: nothing of the key.
func (f *fetchedKey) GoString() string { return "lsmlite.fetchedKey(" + f.source.String() + ")" }
