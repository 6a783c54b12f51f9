// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A store of a registered scheme, which keeps its rows from one call of the command to the next.
func init() {
	fs := memfs.New()
	store.Register("elsewhere", store.Driver{Open: func(ctx context.Context, u *url.URL, _ store.Settings) (store.Store, error) {
		db, err := engine.Open(ctx, "/"+u.Host, engine.Options{FS: fs})
		if err != nil {
			return nil, err
		}
		return store.Engine{DB: db}, nil
	}})
}

// command runs the command and returns what it prints.
func command(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err strings.Builder
	code = run(ctx, args, &out, &err)
	return code, out.String(), err.String()
}

func statement(t *testing.T, dsn, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("lsmlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(text, args...); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCopyBothWays(t *testing.T) {
	ctx := context.Background()
	a, b := filepath.Join(t.TempDir(), "a.lsm"), filepath.Join(t.TempDir(), "b.lsm")
	for i := range 100 {
		statement(t, a, "INSERT INTO kv VALUES (?, ?)", fmt.Sprint(i), strings.Repeat("v", i))
	}
	code, there, stderr := command(ctx, "-chunk", "1", a, "elsewhere://both")
	if code != 0 || !strings.Contains(there, "rows      100\n") || !strings.Contains(there, "copied    100\n") ||
		!strings.Contains(stderr, "comparison 1: 100 rows") {
		t.Fatalf("%d\n%s\n%s", code, there, stderr)
	}
	code, back, stderr := command(ctx, "-quiet", "elsewhere://both", b)
	if code != 0 || back != there || stderr != "" {
		t.Fatalf("%d\n%s\n%s", code, back, stderr)
	}
	code, asJSON, _ := command(ctx, "-quiet", "-json", "-resume", "--", a, b)
	if code != 0 || !strings.HasPrefix(asJSON, `{"comparisons":1,"copied":0,"parts":1,"repaired":0,"rows":100,"sha256":"`) {
		t.Errorf("%d, %s", code, asJSON)
	}
	// One more pass finds what has changed.
	statement(t, a, "DELETE FROM kv WHERE key >= '9'")
	statement(t, a, "INSERT INTO kv VALUES ('0', 'new')")
	code, _, stderr = command(ctx, a, b)
	if code != 2 || !strings.Contains(stderr, "the destination has rows") {
		t.Fatalf("without -resume: %d, %s", code, stderr)
	}
	code, again, stderr := command(ctx, "-resume", a, b)
	if code != 0 || !strings.Contains(again, "repaired  12\n") || !strings.Contains(again, "rows      89\n") || again == there {
		t.Fatalf("%d\n%s\n%s", code, again, stderr)
	}
}

func TestCommandErrors(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	a := filepath.Join(dir, "a.lsm")
	statement(t, a, "INSERT INTO kv VALUES ('a', 'b')")
	b := filepath.Join(dir, "b.lsm")
	statement(t, b, "INSERT INTO kv VALUES ('c', 'd')")
	for _, tt := range []struct {
		ctx    context.Context
		args   []string
		code   int
		stderr string
	}{
		{ctx, nil, 2, "usage: lsmlite-copy"},
		{ctx, []string{"a"}, 2, "usage: lsmlite-copy"},
		{ctx, []string{"-chunk", "0", "a", "b"}, 2, "usage: lsmlite-copy"},
		{ctx, []string{"-unknown", "a", "b"}, 2, "not defined"},
		{ctx, []string{"-h"}, 0, "usage: lsmlite-copy"},
		{ctx, []string{filepath.Join(dir, "missing"), a}, 3, "source: "},
		{ctx, []string{a, a + "?nonsense=1"}, 2, "unknown setting"},
		{ctx, []string{a, "postgres://u:hunter2@127.0.0.1:1/db?connect_timeout=1"}, 6, "destination: "},
		{ctx, []string{a, "tikv://127.0.0.1:1/kv"}, 3, "destination: "},
		{ctx, []string{a, b + "?mode=ro"}, 2, "the destination has mode=ro"},
		{ctx, []string{"-resume", a, "elsewhere://ro?mode=ro"}, 2, "the destination has mode=ro"},
		{ctx, []string{"-resume", a, a}, 2, "the source and the destination are the same"},
		{ctx, []string{"-resume", a, "file:" + dir + "/../" + filepath.Base(dir) + "/a.lsm?safety=full"}, 2, "are the same"},
		{ctx, []string{"elsewhere://u:hunter2@h/?x=1&y=2", "elsewhere://u@H/?y=2&mode=rw&x=1"}, 2, "are the same"},
		{ctx, []string{a, "postgress://u:hunter2@h/db"}, 2, "destination: lsmlite: open: no package in this program has stores at postgress://"},
		{ctx, []string{"postgres:u:hunter2@h", a}, 2, "source: "},
		{ended, []string{a, filepath.Join(dir, "c.lsm")}, 130, "canceled"},
	} {
		code, stdout, stderr := command(tt.ctx, tt.args...)
		if code != tt.code || !strings.Contains(stderr, tt.stderr) || stdout != "" || strings.Contains(stderr, "hunter2") {
			t.Errorf("%q: %d, %s%s", tt.args, code, stdout, stderr)
		}
	}
}
