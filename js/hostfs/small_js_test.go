// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm && lsmlite_small

package hostfs_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestSmall: what the tag lsmlite_small leaves out is refused, and the rest works.
func TestSmall(t *testing.T) {
	path := "/small.lsm"
	if os.Getenv("LSMLITE_STORAGE") != "memory" {
		path = t.TempDir() + path
	}
	ctx := context.Background()
	o := engine.Options{FS: files, OptionalLocks: true}
	loud := o
	loud.Logger = slog.New(slog.DiscardHandler)
	if _, err := engine.Open(ctx, path, loud); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a logger: %v; want ErrMisuse", err)
	}
	shared := o
	shared.Readers = true
	if _, err := engine.Open(ctx, path, shared); !errors.Is(err, engine.ErrProtocol) {
		t.Errorf("readers in other processes: %v; want ErrProtocol", err)
	}
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) }); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o.ReadOnly = true
	if db, err = engine.Open(ctx, path, o); err != nil {
		t.Fatal(err)
	}
	if value, found, err := db.Get(nil, []byte("a")); err != nil || !found || string(value) != "1" {
		t.Errorf("the row is %q, %v, %v", value, found, err)
	}
	if a, ok := db.Attached(); ok {
		t.Errorf("attached to %+v", a)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
