// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestFollowReaders: with --readers the replica is read while it is kept up to date.
func TestFollowReaders(t *testing.T) {
	dir := t.TempDir()
	target, my, replica := "dir:"+filepath.Join(dir, "target"), filepath.Join(dir, "my.lsm"), filepath.Join(dir, "replica.lsm")
	write(t, my, "a", "1")
	command(t, 0, "upload", my, target)
	command(t, 0, "follow", "--once", target, replica)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan int, 1)
	var out, bad bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"follow", "--readers", "--poll", "1ms", target, replica}, &out, &bad)
	}()
	until := func(what string, there func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !there(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	until("nobody may read", func() bool {
		_, err := os.Stat(replica + "-live")
		return err == nil
	})
	var db *engine.DB
	until("it cannot be opened", func() (there bool) {
		var err error
		db, err = engine.Open(t.Context(), replica, engine.Options{ReadOnly: true})
		return err == nil
	})
	shows := func(want string) func() bool {
		return func() bool {
			v, _, err := db.Get(nil, []byte("a"))
			return err == nil && string(v) == want
		}
	}
	until("it does not show the first value", shows("1"))
	write(t, my, "a", "2")
	command(t, 0, "upload", my, target)
	until("it does not show the second value", shows("2"))
	check(t, db.Close())
	cancel()
	if code := <-ended; code != 0 && code != interrupted {
		t.Errorf("%d: %s%s", code, out.String(), bad.String())
	}
}
