// SPDX-License-Identifier: Apache-2.0

//go:build unix

package app

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// fromPipe returns a name under which a text can be read once, as that of a shell's <(…).
func fromPipe(t *testing.T, text string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err == nil {
		_, err = w.WriteString(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip("open files have no names here")
	}
	return name
}

// TestKeysFromPipes: what opens two files, or one file twice, does with a key that can be read once.
func TestKeysFromPipes(t *testing.T) {
	inFolder(t)
	makeEncrypted(t)
	lsmlite(t, env.Done, "", "export", "csv", "--key-file", "key", "db.lsm", "rows.csv")
	lsmlite(t, env.Done, "", "rewrite", "--decrypt", "--key-file", "key", "db.lsm", "clear.lsm")
	lsmlite(t, env.Done, "", "backup", "--key-file", "key", "db.lsm", "same.lsm")
	for _, c := range []struct{ line, made string }{
		{"import csv new.lsm rows.csv", "new.lsm"},
		{"restore db.lsm new.lsm", "new.lsm"},
		{"backup --verify db.lsm new.lsm", "new.lsm"},
		{"rewrite --encrypt clear.lsm new.lsm", "new.lsm"},
		{"rewrite --encrypt db.lsm new.lsm", "new.lsm"},
		{"recover db.lsm new.lsm", "new.lsm"},
		{"export lsm db.lsm new.lsm", "new.lsm"},
		{"diff db.lsm same.lsm", ""},
		{"db.lsm .check", ""},
	} {
		for _, flag := range []string{"--key-file", "--set=key_file"} {
			args := strings.Fields(c.line)
			if args[0] == "recover" && flag != "--key-file" {
				continue // it has no settings
			}
			lsmlite(t, env.Done, "", append(args, flag+"="+fromPipe(t, secret))...)
			if c.made == "" {
				continue
			}
			if got, _ := lsmlite(t, env.Done, "", "get", "--key-file", "key", c.made, "over"); got != "the rainbow" {
				t.Errorf("lsmlite %s: %q", c.line, got)
			}
			if err := os.Remove(c.made); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTwoKeysFromPipes: two pipes are two keys, and a passphrase from a pipe is kept, too.
func TestTwoKeysFromPipes(t *testing.T) {
	inFolder(t)
	makeEncrypted(t)
	other := strings.Repeat("ab", 32)
	lsmlite(t, env.Done, "", "rewrite", "--encrypt", "--key-file", fromPipe(t, secret), "--new-key-file", fromPipe(t, other), "db.lsm", "new.lsm")
	lsmlite(t, env.CannotOpen, "", "get", "--key-file", fromPipe(t, secret), "new.lsm", "over")
	lsmlite(t, env.Done, "", "get", "--key-file", fromPipe(t, other), "new.lsm", "over")
	lsmlite(t, env.Done, "", "backup", "--verify", "--passphrase-file", fromPipe(t, words), "db.lsm", "copy.lsm")
}
