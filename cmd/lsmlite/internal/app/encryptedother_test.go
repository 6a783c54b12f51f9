// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// inFolderWithKeys is inFolder with databases of the same row: one.lsm and same.lsm under the key, two.lsm under that
// in the file two, and clear.lsm.
func inFolderWithKeys(t *testing.T) {
	t.Helper()
	inFolder(t)
	if err := os.WriteFile("two", []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LSMLITE_TEST_TWO", strings.Repeat("ab", 32))
	lsmlite(t, env.Done, "", "put", "--key-file", "key", "one.lsm", "over", "the rainbow")
	lsmlite(t, env.Done, "", "put", "--key-file", "key", "same.lsm", "over", "the rainbow")
	lsmlite(t, env.Done, "", "put", "--key-file", "two", "two.lsm", "over", "the rainbow")
	lsmlite(t, env.Done, "", "put", "clear.lsm", "over", "the rainbow")
}

// TestDiffOfTwoKeys compares databases with one key, two keys, and one that is in clear.
func TestDiffOfTwoKeys(t *testing.T) {
	inFolderWithKeys(t)
	addPassphrase(t, "two.lsm", "two")
	if err := os.WriteFile("empty.lsm", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code env.Code
		says string // on standard error
	}{
		{"--key-file key one.lsm same.lsm", env.Done, ""},
		{"--key-file key --other-key-file two one.lsm two.lsm", env.Done, ""},
		{"--key-file key --other-key-env LSMLITE_TEST_TWO one.lsm two.lsm", env.Done, ""},
		{"--set key_file=key --other-key-file two one.lsm two.lsm", env.Done, ""},
		{"--key-file key --other-passphrase-file words one.lsm two.lsm", env.Done, ""},
		{"--key-file key --other-passphrase-env LSMLITE_TEST_WORDS one.lsm two.lsm", env.Done, ""},
		{"--other-key-file key clear.lsm one.lsm", env.Done, ""},
		{"--key-file key one.lsm clear.lsm", env.Done, "clear.lsm is in clear, and is read without the key"},
		{"--set key_file=key --set cipher=aes-256-gcm one.lsm clear.lsm", env.Done, "clear.lsm is in clear, and is read without the key"},
		{"--quiet --key-file key one.lsm clear.lsm", env.Done, "clear.lsm is in clear, and is read without the key"},
		{"--quiet --key-file key one.lsm empty.lsm", env.No, "empty.lsm is in clear, and is read without the key"},
		{"clear.lsm clear.lsm", env.Done, ""},
		{"--key-file key one.lsm two.lsm", env.CannotOpen, "--other-key-file, --other-key-env"},
		{"clear.lsm one.lsm", env.CannotOpen, "--other-key-file, --other-key-env"},
		{"--key-file key --other-key-file key one.lsm two.lsm", env.CannotOpen, "opens none"},
		{"--key-file key --other-key-file key one.lsm clear.lsm", env.CannotOpen, "the file is not encrypted"},
		{"--key-file key clear.lsm one.lsm", env.CannotOpen, "the file is not encrypted"},
		{"--key-file key --other-key-file two --other-key-env LSMLITE_TEST_TWO one.lsm two.lsm", env.Usage, "several keys"},
	} {
		out, problems := lsmlite(t, c.code, "", append([]string{"diff"}, strings.Fields(c.line)...)...)
		if c.says == "" && strings.Contains(problems, "lsmlite:") || !strings.Contains(problems, c.says) ||
			(c.code == env.Done) != strings.Contains(out, "have the same rows: 1") {
			t.Errorf("lsmlite diff %s\n%s%s", c.line, out, problems)
		}
	}
	if out, _ := lsmlite(t, env.Done, ".diff two.lsm --other-key-file two\n.diff clear.lsm\n", "--key-file", "key", "one.lsm"); strings.Count(out, "the same rows") != 2 {
		t.Error(out)
	}
}

// TestImportOfAnotherKey: the key of the database that is imported is one of its own, or the same, and the new database
// has that of the command.
func TestImportOfAnotherKey(t *testing.T) {
	inFolderWithKeys(t)
	for _, c := range []struct {
		line  string
		code  env.Code
		opens string // the flag and the key of the new database
	}{
		{"--key-file key --other-key-file two new.lsm two.lsm", env.Done, "--key-file=key"},
		{"--key-file two --other-key-file key new.lsm one.lsm", env.Done, "--key-file=two"},
		{"--key-file key new.lsm one.lsm", env.Done, "--key-file=key"},
		{"--key-file key new.lsm clear.lsm", env.Done, "--key-file=key"},
		{"--set key_file=key --set page_size=1024 new.lsm clear.lsm", env.Done, "--key-file=key"},
		{"--other-key-file two new.lsm two.lsm", env.Done, "--quiet"},
		{"--key-file key new.lsm two.lsm", env.CannotOpen, ""},
		{"new.lsm two.lsm", env.CannotOpen, ""},
		{"--key-file key --other-key-file two new.lsm clear.lsm", env.CannotOpen, ""},
	} {
		lsmlite(t, c.code, "", append([]string{"import", "lsm"}, strings.Fields(c.line)...)...)
		if c.code != env.Done {
			if _, err := os.Stat("new.lsm"); !os.IsNotExist(err) {
				t.Errorf("lsmlite import lsm %s leaves a file: %v", c.line, err)
			}
			continue
		}
		if got, _ := lsmlite(t, env.Done, "", "get", c.opens, "new.lsm", "over"); got != "the rainbow" {
			t.Errorf("lsmlite import lsm %s: %q", c.line, got)
		}
		if readsClear(t, "new.lsm", "rainbow") != (c.opens == "--quiet") {
			t.Errorf("lsmlite import lsm %s: in clear or not", c.line)
		}
		if err := os.Remove("new.lsm"); err != nil {
			t.Fatal(err)
		}
	}
}
