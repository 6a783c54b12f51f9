// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// secret is the key of the tests in hex digits, and words are a passphrase.
const (
	secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	words  = "correct horse battery staple"
)

// lsmlite runs the command, which must end with an exit code, and returns what it prints.
func lsmlite(t *testing.T, code env.Code, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	if got := Main(args, strings.NewReader(stdin), &out, &problems); got != int(code) {
		t.Fatalf("lsmlite %q: exit code %d, want %d\n%s%s", args, got, code, &out, &problems)
	}
	return out.String(), problems.String()
}

// inFolder goes to a new folder, where there are the files key and words, and the variables LSMLITE_TEST_KEY and
// LSMLITE_TEST_WORDS.
func inFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"key": secret, "words": words} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("LSMLITE_TEST_KEY", secret)
	t.Setenv("LSMLITE_TEST_WORDS", words)
}

// makeEncrypted makes db.lsm with one row, which opens with the key and with the passphrase, which costs little.
func makeEncrypted(t *testing.T) {
	t.Helper()
	addPassphrase(t, "db.lsm", "key")
	db, err := engine.Open(t.Context(), "db.lsm", engine.Options{Key: keys.File("key")})
	if err == nil {
		err = db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Put([]byte("over"), []byte("the rainbow")) })
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// addPassphrase adds the passphrase, which costs little, to a database with the key in a file.
func addPassphrase(t *testing.T, name, file string) {
	t.Helper()
	db, err := engine.Open(t.Context(), name, engine.Options{Key: keys.File(file)})
	if err == nil {
		_, err = db.AddKey(t.Context(), keys.Passphrase([]byte(words), keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}))
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDotCommandsHaveTheKey: each command of the shell that is a subcommand works on an encrypted database, whatever
// names the place of the key. Those that make a copy, whose passphrase would cost what is usual, get a key only.
func TestDotCommandsHaveTheKey(t *testing.T) {
	for name, flags := range map[string][]string{
		"key-file":        {"--key-file", "key"},
		"key-env":         {"--key-env", "LSMLITE_TEST_KEY"},
		"passphrase-file": {"--passphrase-file", "words"},
		"passphrase-env":  {"--passphrase-env", "LSMLITE_TEST_WORDS"},
		"set":             {"--set", "key_file=key", "--set", "busy_timeout=5"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			run := func(stdin string, args ...string) string {
				t.Helper()
				out, problems := lsmlite(t, env.Done, stdin, append(append(args, "--quiet"), flags...)...)
				if problems != "" {
					t.Errorf("%s\n%s", stdin, problems)
				}
				return out
			}
			makeEncrypted(t)
			run("", "dump", "db.lsm", "rows.dump")
			run("", "export", "csv", "db.lsm", "rows.csv")
			for _, c := range []struct{ command, want string }{
				{".page 8196", "page 8196:"},
				{".check", "db.lsm is sound"},
				{".backup copy.lsm --verify", "copy.lsm: 1 row from db.lsm"},
				{".diff copy.lsm", "db.lsm and copy.lsm have the same rows: 1"},
				{".stats", "aes-256-gcm"},
				{".structure", "aes-256-gcm"},
				{".log", "It ends there"},
				{".export sql -", "the rainbow"},
				{".export lsm only.lsm", "1 rows exported to only.lsm"},
				{".import csv rows.csv", "1 rows imported into db.lsm"},
				{".load rows.dump", "1 rows imported into db.lsm"},
			} {
				copies := strings.Contains(c.command, "copy.lsm") || strings.Contains(c.command, "only.lsm")
				if copies && strings.HasPrefix(name, "passphrase") {
					continue
				}
				if got := run(c.command+"\n", "db.lsm"); !strings.Contains(got, c.want) {
					t.Errorf("%s prints\n%s", c.command, got)
				}
			}
		})
	}
}

// TestDotCommandsTakeAnotherKey: a key that is an argument of the command takes the place of that of the shell.
func TestDotCommandsTakeAnotherKey(t *testing.T) {
	inFolder(t)
	lsmlite(t, env.Done, "", "put", "--key-file", "key", "db.lsm", "a", "b")
	lsmlite(t, env.Done, ".check --key-env LSMLITE_TEST_KEY\n", "--key-file", "key", "db.lsm")
	lsmlite(t, env.Done, ".check --key-env=LSMLITE_TEST_KEY\n", "--set", "key_file=key", "db.lsm")
	for _, shell := range [][]string{{"--key-file", "key"}, {"--key-env", "LSMLITE_TEST_KEY"}, {"--set", "key_env=LSMLITE_TEST_KEY"}} {
		for _, own := range []string{"--set key_file=key", "--set=key_file=key", "--set key_env=LSMLITE_TEST_KEY", "--set busy_timeout=9"} {
			lsmlite(t, env.Done, ".check "+own+"\n", append(shell, "db.lsm")...)
		}
	}
}
