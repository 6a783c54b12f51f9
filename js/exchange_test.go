// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestFilesBothWays has Node read and write a file of Go, and Go that of Node; at first the file of a program that
// was closed, then that of one that was killed, with its log.
func TestFilesBothWays(t *testing.T) {
	folder := build(t)
	t.Parallel()
	ctx := context.Background()
	const numRows = 3000
	for _, c := range []struct {
		name string
		o    engine.Options
	}{
		{"plain", engine.Options{}},
		{"small pages", engine.Options{PageSize: 512, BlockSize: 64 << 10}},
		{"zstd", engine.Options{Compression: "zstd"}},
	} {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, killed %v", c.name, killed), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "my.lsm")
				o := c.o
				o.AutoFlush = 64 << 10
				db, err := engine.Open(ctx, path, o)
				if err != nil {
					t.Fatal(err)
				}
				for from := 0; from < numRows; from += 500 {
					err := db.Update(ctx, func(tx *engine.Tx) error {
						for i := from; i < from+500; i++ {
							if err := tx.Put(fmt.Appendf(nil, "go/%06d", i), fmt.Appendf(nil, "value %d", i)); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				if killed {
					path = copyFiles(t, path)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				node := exec.Command("node", "test/node/child.mjs", "copy", path, "normal")
				node.Env = append(os.Environ(), "LSMLITE_PACKAGE="+folder)
				run(t, node)
				checkCopied(t, path, numRows)
			})
		}
	}
}

// copyFiles copies a database with its log, as if its program had been killed at this moment.
func copyFiles(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "killed.lsm")
	for _, ending := range []string{"", "-log"} {
		data, err := os.ReadFile(path + ending)
		if err == nil {
			err = os.WriteFile(to+ending, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// checkCopied checks that a database is sound, and has each row and what Node has made of it.
func checkCopied(t *testing.T, path string, numRows int) {
	t.Helper()
	db, err := engine.Open(context.Background(), path, engine.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for p := range db.Check(context.Background()) {
		t.Errorf("the file has a problem: %v", p)
	}
	for i := range numRows {
		want := fmt.Appendf(nil, "value %d", i)
		for _, side := range []string{"go", "js"} {
			value, found, err := db.Get(nil, fmt.Appendf(nil, "%s/%06d", side, i))
			if err != nil || !found || !slices.Equal(value, want) {
				t.Fatalf("row %d of %s is %q, %v, %v; want %q", i, side, value, found, err, want)
			}
			slices.Reverse(want)
		}
	}
}

// TestNodeSeesLocks: on Linux a file that a program in Go has open is refused in Node, where files cannot be locked
// but locks can be seen.
func TestNodeSeesLocks(t *testing.T) {
	folder := build(t)
	t.Parallel()
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skipf("locks cannot be seen here: %v", err)
	}
	path := filepath.Join(t.TempDir(), "my.lsm")
	db, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	node := func() (string, error) {
		c := exec.Command("node", "test/node/child.mjs", "copy", path, "normal")
		c.Env = append(os.Environ(), "LSMLITE_PACKAGE="+folder)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := node(); err == nil || !strings.Contains(out, "busy") {
		t.Errorf("Node opens a file that is open: %v\n%s", err, out)
	}
	if _, err := os.Stat(path + "-lock"); err == nil {
		t.Error("the lock file of the attempt is left")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := node(); err != nil {
		t.Errorf("Node does not open a file that was closed: %v\n%s", err, out)
	}
}
