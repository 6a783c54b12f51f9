// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tree makes a small file tree with the folders that the program asks for.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 2*batch + 10 {
		folder := filepath.Join(dir, []string{"src", "src/sort", "test"}[i%3])
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat(fmt.Sprintln("line of file", i), i)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("a%04d", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := tree(t)
	for _, settings := range []string{"", "compression=lz4&page_size=16384"} {
		path := filepath.Join(t.TempDir(), "tree.lsm")
		var out bytes.Buffer
		if err := run(context.Background(), &out, dir, path, settings); err != nil {
			t.Fatalf("%q: %v\n%s", settings, err, out.String())
		}
		for _, want := range []string{
			`(?m)^Loaded +1010 rows`, `(?m)^Deleted +336 rows$`, `(?m)^Compared +674 rows`, `(?m)^  src/sort/a0001$`,
			`(?m)^Optimized +\d+\.\d MiB, in 1 level`,
		} {
			if !regexp.MustCompile(want).MatchString(out.String()) {
				t.Errorf("%q: it does not print %s:\n%s", settings, want, out.String())
			}
		}
		if err := run(context.Background(), &out, dir, path, settings); err == nil {
			t.Error("a database that exists was written over")
		}
	}
}

// A file that has changed since it was loaded is found, and named.
func TestCompareFindsDifferences(t *testing.T) {
	dir := tree(t)
	path := filepath.Join(t.TempDir(), "tree.lsm")
	var out bytes.Buffer
	left, err := write(context.Background(), &out, dir, path, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "src", "a0003"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = readBack(context.Background(), &out, dir, path, "", left)
	if err == nil || !strings.Contains(err.Error(), "src/a0003") {
		t.Errorf("got %v, want an error that names src/a0003", err)
	}
}
