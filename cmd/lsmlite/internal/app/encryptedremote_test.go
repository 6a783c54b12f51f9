// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// TestRemoteBackupOfAnEncryptedDatabase: the copy of a program's database has its keys, and is verified with one.
func TestRemoteBackupOfAnEncryptedDatabase(t *testing.T) {
	inFolder(t)
	makeEncrypted(t)
	db, err := engine.Open(t.Context(), "db.lsm", engine.Options{Key: keys.File("key")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	server := httptest.NewServer(inspect.Handler(db, inspect.Options{}))
	defer server.Close()
	for _, flags := range [][]string{{"--key-file", "key"}, {"--key-env", "LSMLITE_TEST_KEY"}, {"--passphrase-file", "words"}, {"--set", "key_file=key"}} {
		args := append([]string{"--remote", server.URL + "/", "backup", "--force", "--verify", "copy.lsm"}, flags...)
		if got, _ := lsmlite(t, env.Done, "", args...); !strings.Contains(got, "verified") {
			t.Errorf("%q: %s", flags, got)
		}
	}
	if got, _ := lsmlite(t, env.Done, "", "get", "--key-file", "key", "copy.lsm", "over"); got != "the rainbow" {
		t.Errorf("%q", got)
	}
	if _, problems := lsmlite(t, env.CannotOpen, "", "--remote", server.URL+"/", "backup", "--verify", "other.lsm"); !strings.Contains(problems, "name its place with --key-file") {
		t.Error(problems)
	}
	if _, err := os.Stat("other.lsm"); !os.IsNotExist(err) {
		t.Error(err)
	}
	lsmlite(t, env.Refused, "", "--remote", server.URL+"/", "backup", "--set", "cipher=chacha20-poly1305", "--key-file", "key", "other.lsm")
	lsmlite(t, env.Done, "", "--remote", server.URL+"/", "backup", "other.lsm") // which needs no key
}
