// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// readsClear says whether a text is in a file.
func readsClear(t *testing.T, path, text string) bool {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(raw, []byte(text))
}

// TestExportKeepsTheKey: a new database with rows of an encrypted one is encrypted with the same key and cipher,
// unless a flag wants it in clear.
func TestExportKeepsTheKey(t *testing.T) {
	for _, cipher := range []string{"aes-256-gcm", "chacha20-poly1305"} {
		inFolder(t)
		lsmlite(t, env.Done, "", "put", "--key-file", "key", "--set", "cipher="+cipher, "db.lsm", "over", "the rainbow")
		lsmlite(t, env.Done, "", "export", "lsm", "--key-file", "key", "db.lsm", "part.lsm")
		if readsClear(t, "part.lsm", "rainbow") {
			t.Error("the copy is in clear")
		}
		if _, problems := lsmlite(t, env.CannotOpen, "", "get", "part.lsm", "over"); !strings.Contains(problems, "part.lsm is encrypted") {
			t.Error(problems)
		}
		if got, _ := lsmlite(t, env.Done, "", "get", "--key-file", "key", "part.lsm", "over"); got != "the rainbow" {
			t.Errorf("%q", got)
		}
		if got, _ := lsmlite(t, env.Done, "", "identify", "part.lsm"); !strings.Contains(got, "encrypted with "+cipher) {
			t.Error(got)
		}
	}
	lsmlite(t, env.Done, "", "export", "lsm", "--decrypt", "--key-file", "key", "db.lsm", "clear.lsm")
	if !readsClear(t, "clear.lsm", "rainbow") {
		t.Error("the copy is not in clear")
	}
	if got, _ := lsmlite(t, env.Done, "", "get", "clear.lsm", "over"); got != "the rainbow" {
		t.Errorf("%q", got)
	}
	lsmlite(t, env.Done, "", "export", "lsm", "clear.lsm", "again.lsm") // of one in clear it is in clear
	if got, _ := lsmlite(t, env.Done, "", "slots", "again.lsm"); got != "not encrypted\n" {
		t.Errorf("%q", got)
	}
}

// TestCipherOfACopy: --set cipher is that of a copy with a data key of its own, and an error where there is none.
func TestCipherOfACopy(t *testing.T) {
	const aes, chacha = "--set=cipher=aes-256-gcm", "--set=cipher=chacha20-poly1305"
	inFolder(t)
	lsmlite(t, env.Done, "", "put", aes, "--key-file", "key", "db.lsm", "over", "the rainbow")
	lsmlite(t, env.Done, "", "rewrite", "--decrypt", "--key-file", "key", "db.lsm", "clear.lsm")
	for _, c := range []struct {
		line string
		code env.Code
		want string // cipher
	}{
		{"rewrite --encrypt " + chacha + " clear.lsm new.lsm", env.Done, "chacha20-poly1305"},
		{"rewrite --encrypt " + aes + " clear.lsm new.lsm", env.Done, "aes-256-gcm"},
		{"rewrite --encrypt " + chacha + " db.lsm new.lsm", env.Done, "chacha20-poly1305"},
		{"rewrite --encrypt db.lsm new.lsm", env.Done, "aes-256-gcm"},
		{"rewrite " + chacha + " db.lsm new.lsm", env.Usage, ""},
		{"rewrite --decrypt " + chacha + " db.lsm new.lsm", env.Usage, ""},
		{"export lsm " + chacha + " db.lsm new.lsm", env.Done, "chacha20-poly1305"},
		{"export lsm --decrypt " + chacha + " db.lsm new.lsm", env.Usage, ""},
		{"backup " + aes + " db.lsm new.lsm", env.Done, "aes-256-gcm"},
		{"backup " + chacha + " db.lsm new.lsm", env.Refused, ""},
		{"backup " + chacha + " db.lsm -", env.Refused, ""},
		{"restore " + aes + " db.lsm new.lsm", env.Done, "aes-256-gcm"},
		{"restore " + chacha + " db.lsm new.lsm", env.Refused, ""},
	} {
		lsmlite(t, c.code, "", append(strings.Fields(c.line), "--key-file", "key")...)
		if c.code != env.Done {
			if _, err := os.Stat("new.lsm"); !os.IsNotExist(err) {
				t.Errorf("lsmlite %s leaves a file: %v", c.line, err)
			}
			continue
		}
		if got, _ := lsmlite(t, env.Done, "", "identify", "new.lsm"); !strings.Contains(got, "encrypted with "+c.want) {
			t.Errorf("lsmlite %s: %s", c.line, got)
		}
		if got, _ := lsmlite(t, env.Done, "", "get", "--key-file", "key", "new.lsm", "over"); got != "the rainbow" {
			t.Errorf("lsmlite %s: %q", c.line, got)
		}
		if err := os.Remove("new.lsm"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCipherOfTheShell: a cipher that the shell has for new databases does not matter for copies of one that is there.
func TestCipherOfTheShell(t *testing.T) {
	inFolder(t)
	lsmlite(t, env.Done, "", "put", "--set=cipher=aes-256-gcm", "--key-file", "key", "db.lsm", "over", "the rainbow")
	const script = ".backup copy.lsm\n.export lsm part.lsm\n.export lsm --set cipher=chacha20-poly1305 other.lsm\n"
	lsmlite(t, env.Done, script, "--set=cipher=chacha20-poly1305", "--key-file", "key", "db.lsm")
	for name, cipher := range map[string]string{"copy.lsm": "aes-256-gcm", "part.lsm": "aes-256-gcm", "other.lsm": "chacha20-poly1305"} {
		if got, _ := lsmlite(t, env.Done, "", "identify", name); !strings.Contains(got, "encrypted with "+cipher) {
			t.Error(got)
		}
	}
}
