// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// gate holds up who comes to it until it is opened, and says that somebody is there.
type gate struct {
	keys.Source
	reached, open chan struct{}
}

func newGate(src keys.Source) *gate {
	return &gate{Source: src, reached: make(chan struct{}, 100), open: make(chan struct{})}
}

func (g *gate) wait(ctx context.Context) error {
	g.reached <- struct{}{}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Material implements keys.Source.
func (g *gate) Material(ctx context.Context) (*keys.Material, error) {
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	return g.Source.Material(ctx)
}

func poolOf(t *testing.T, path string, src keys.Source) *sql.DB {
	t.Helper()
	c, err := lsmlite.NewConnector(lsmlite.Config{Path: path, Key: src})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// soon wants a call to return without waiting for another one that waits forever.
func soon(t *testing.T, what string, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatalf("%s waits for another pool", what)
		return nil
	}
}

func service(wait func(context.Context) error) keys.Source {
	same := func(ctx context.Context, in []byte) ([]byte, error) { return bytes.Clone(in), wait(ctx) }
	return keys.External("kms/a", same, same)
}

// TestWaitForAKey: who waits for the key, as in a named pipe, keeps no other pool from opening and closing the
// database.
func TestWaitForAKey(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	path := filepath.Join(t.TempDir(), "x.lsm")
	src := keys.Raw(bytes.Repeat([]byte{7}, keys.Size))
	g := newGate(src)
	slow := poolOf(t, path, g)
	pinged := make(chan error, 1)
	go func() { pinged <- slow.PingContext(ctx) }()
	<-g.reached
	for range 2 {
		db := poolOf(t, path, src)
		if err := soon(t, "opening", func() error { return db.PingContext(ctx) }); err != nil {
			t.Fatal(err)
		}
		if err := soon(t, "closing", db.Close); err != nil {
			t.Fatal(err)
		}
	}
	close(g.open)
	if err := <-pinged; err != nil {
		t.Error(err)
	}
	if n := len(g.reached); n != 0 {
		t.Errorf("the key is fetched %d times more", n)
	}
}

// TestCloseEndsTheWaitForAKey: a pool that waits for its key can be closed.
func TestCloseEndsTheWaitForAKey(t *testing.T) {
	g := newGate(keys.Raw(bytes.Repeat([]byte{7}, keys.Size)))
	db := poolOf(t, filepath.Join(t.TempDir(), "x.lsm"), g)
	pinged := make(chan error, 1)
	go func() { pinged <- db.Ping() }()
	<-g.reached
	if err := soon(t, "closing", db.Close); err != nil {
		t.Error(err)
	}
	checkError(t, "a ping", <-pinged, "the connector is closed", lsmlite.ErrMisuse)
}

// TestSlowKeyService: while one pool opens the database with a key service that is slow, others give up and close
// without waiting for it.
func TestSlowKeyService(t *testing.T) {
	for _, made := range []bool{false, true} {
		t.Run(fmt.Sprintf("made=%t", made), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.lsm")
			quick := service(func(context.Context) error { return nil })
			var healthy *sql.DB
			if made {
				healthy = poolOf(t, path, quick)
				if _, err := healthy.Exec("INSERT INTO kv VALUES ('a', 'b')"); err != nil {
					t.Fatal(err)
				}
			}
			g := newGate(nil)
			slow := poolOf(t, path, service(g.wait))
			pinged := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { pinged <- slow.PingContext(ctx) }()
			<-g.reached

			other := poolOf(t, path, quick)
			short, cancelShort := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancelShort()
			if err := soon(t, "giving up", func() error { return other.PingContext(short) }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("giving up: %v", err)
			}
			if err := soon(t, "closing a pool that gave up", other.Close); err != nil {
				t.Error(err)
			}
			if made {
				if err := soon(t, "closing a healthy pool", healthy.Close); err != nil {
					t.Error(err)
				}
			}
			close(g.open)
			if err := <-pinged; err != nil {
				t.Fatal(err)
			}
			var n int
			if err := slow.QueryRow("SELECT count(*) FROM kv").Scan(&n); err != nil || (n == 1) != made {
				t.Error(n, err)
			}
		})
	}
}

// TestFetchedKeyIsWiped: what a source gave is overwritten when the database is open, and the source is asked again
// by who uses the options later; the error of a source is that of opening.
func TestFetchedKeyIsWiped(t *testing.T) {
	src := &keptSource{}
	db := poolOf(t, filepath.Join(t.TempDir(), "x.lsm"), src)
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	if len(src.given) != 1 || !bytes.Equal(src.given[0].Key, make([]byte, keys.Size)) {
		t.Errorf("%d times, and what was given is left", len(src.given))
	}
	empty := poolOf(t, filepath.Join(t.TempDir(), "x.lsm"), keys.Env("LSMLITE_TEST_UNSET"))
	if err := empty.Ping(); !errors.Is(err, lsmlite.ErrKey) || !strings.Contains(err.Error(), "LSMLITE_TEST_UNSET is not set") {
		t.Errorf("without a key: %v", err)
	}
}

// keptSource keeps what it gives.
type keptSource struct{ given []*keys.Material }

func (s *keptSource) Material(context.Context) (*keys.Material, error) {
	m := &keys.Material{Key: bytes.Repeat([]byte{7}, keys.Size)}
	s.given = append(s.given, m)
	return m, nil
}

func (s *keptSource) String() string { return "kept" }
