// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/app"
)

// TestWhatIsWrittenIsItsOwners: nobody else can read or write what lsmlite writes of a database, whatever the mask lets
// pass.
func TestWhatIsWrittenIsItsOwners(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	check(t, os.WriteFile("rows.jsonl", []byte(`{"key":"a/b","value":"1"}`+"\n"+`{"key":"c","value":"2"}`+"\n"), 0o600))
	check(t, os.WriteFile("key", bytes.Repeat([]byte("k"), 32), 0o600))
	check(t, os.Mkdir("tmp", 0o700))
	t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for _, args := range [][]string{
		{"import", "jsonl", "my.lsm", "rows.jsonl"}, {"export", "jsonl", "my.lsm", "out.jsonl"}, {"export", "csv", "my.lsm", "out.csv"},
		{"export", "sql", "my.lsm", "out.sql"}, {"export", "lsm", "my.lsm", "out.lsm"}, {"export", "dir", "my.lsm", "out.dir"},
		{"dump", "my.lsm", "my.dump"}, {"backup", "my.lsm", "copy.lsm"}, {"restore", "copy.lsm", "restored.lsm"},
		{"rewrite", "--page-size", "1024", "my.lsm", "small.lsm"}, {"rewrite", "--compression", "zstd", "my.lsm"},
		{"rewrite", "--encrypt", "--key-file", "key", "my.lsm", "secret.lsm"},
		{"rewrite", "--decrypt", "--key-file", "key", "secret.lsm", "clear.lsm"}, {"recover", "my.lsm", "recovered.lsm"},
		{"structure", "my.lsm", "--svg", "my.svg", "--html", "my.html", "--png", "my.png"},
		{"structure", "--record", "load.html", "--", "del", "my.lsm", "--prefix", "c"},
		{"my.lsm", ".output results", "SELECT * FROM kv", ".once more", "SELECT * FROM kv"},
	} {
		var out, problems bytes.Buffer
		if code := app.Main(args, strings.NewReader(""), &out, &problems); code != 0 {
			t.Fatalf("%q: code %d, %s%s", args, code, out.String(), problems.String())
		}
	}
	n := 0
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if n++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	}))
	if n < 24 {
		t.Errorf("only %d files were made", n)
	}
}
