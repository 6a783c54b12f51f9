// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestKeysGivenByMistakeAreNotShown: a key in the place of the name of its place, or of its id, gets into no output.
func TestKeysGivenByMistakeAreNotShown(t *testing.T) {
	inFolder(t)
	makeEncrypted(t)
	flags := []string{"--key-file", "--key-env", "--passphrase-file", "--passphrase-env"}
	lines := [][]string{
		{"slots", "remove", "--key-file", "key", "db.lsm", secret},
		{"check", "db.lsm", "--set", secret},
		{"check", "db.lsm", "--set", "key=" + secret},
		{"check", "db.lsm", "--key=" + secret},
	}
	for _, flag := range flags {
		name := strings.ReplaceAll(flag[2:], "-", "_")
		lines = append(lines, []string{"get", flag, secret, "db.lsm", "over"}, []string{"get", "--set", name + "=" + secret, "db.lsm", "over"},
			[]string{"recover", flag, secret, "db.lsm", "new.lsm"}, []string{"log", flag, secret, "db.lsm"},
			[]string{"slots", "add", "--key-file", "key", "--new-" + flag[2:], secret, "db.lsm"},
			[]string{"db.lsm", flag, secret, ".check"}, []string{"db.lsm", "--key-file", "key", ".check " + flag + " " + secret})
	}
	for _, args := range lines {
		var out bytes.Buffer
		if code := Main(slices.Clone(args), strings.NewReader(""), &out, &out); code == 0 || out.Len() == 0 || strings.Contains(out.String(), secret) {
			t.Errorf("lsmlite %q: exit code %d\n%s", args, code, &out)
		}
	}
}
