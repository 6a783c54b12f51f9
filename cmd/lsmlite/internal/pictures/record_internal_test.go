// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TestRecordRemote records a program that writes while it is asked, until the time is over and until it is stopped,
// and draws it.
func TestRecordRemote(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := engine.Open(ctx, "/live.lsm", engine.Options{FS: memfs.New(), AutoFlush: 256 << 10, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	handler := inspect.Handler(db, inspect.Options{})
	answered := func() {}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		answered()
	}))
	defer server.Close()
	written := make(chan error, 1)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			if err := db.Update(context.Background(), func(tx *engine.Tx) error {
				return tx.Put(fmt.Appendf(nil, "%06d", i*7919%100000), make([]byte, 2000))
			}); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	e := &env.Env{Globals: env.Globals{Remote: server.URL, Color: "never"}, Stdout: &stdout, Stderr: &stderr}
	page := filepath.Join(dir, "timed.html")
	s := Structure{Theme: "light", Scale: 1, Record: page, Period: 2 * time.Millisecond, For: 150 * time.Millisecond}
	if err := s.Run(ctx, e); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(page); err != nil || !strings.Contains(string(raw), "live.lsm") || !strings.Contains(stderr.String(), "states") {
		t.Errorf("%v, %q, a page of %d bytes", err, stderr.String(), len(raw))
	}
	stopped, stop := context.WithCancel(ctx)
	answers := 0
	answered = func() {
		if answers++; answers == 5 {
			stop()
		}
	}
	s.Record, s.For = filepath.Join(dir, "stopped.html"), 0
	if err := s.Run(stopped, e); err != nil {
		t.Errorf("Ctrl-C ends a recording: %v", err)
	}
	if _, err := os.Stat(s.Record); err != nil {
		t.Error(err)
	}
	answered = func() {}
	s.Record = ""
	if err := s.Run(ctx, e); err != nil || !strings.Contains(stdout.String(), "live.lsm  ") {
		t.Errorf("%v, %q", err, stdout.String())
	}
	cancel()
	if err := <-written; err != nil {
		t.Error(err)
	}
	server.Close()
	s.Record = filepath.Join(dir, "gone.html")
	if err := s.Run(context.Background(), e); env.CodeOf(err) != env.CannotOpen || strings.Contains(err.Error(), "nothing was recorded") {
		t.Errorf("nobody answers: %v", err)
	}
	if _, err := os.Stat(s.Record); err == nil {
		t.Error("a page of nothing was written")
	}
}

// TestRefused: command lines that cannot mean anything say so, and leave no file.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	for want, s := range map[string]Structure{
		"from 0.5 to 8":   {Scale: 9},
		"one database":    {Scale: 1, Args: []string{"a", "b"}},
		"leave --svg":     {Scale: 1, Record: out, SVG: "x"},
		"needs a command": {Scale: 1, Record: out},
	} {
		err := s.Run(context.Background(), &env.Env{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)})
		if err == nil || !strings.Contains(err.Error(), want) || env.CodeOf(err) != env.Usage {
			t.Errorf("%+v: %v, code %d", s, err, env.CodeOf(err))
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files were left: %v, %v", left, err)
	}
}
