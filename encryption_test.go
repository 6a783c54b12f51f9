// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// secretFile makes a file that its owner alone may read.
func secretFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openSQL(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("lsmlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestEncryptedDSN: the settings that name a key make and open an encrypted database, and every other pool of
// the process needs a key of its own.
func TestEncryptedDSN(t *testing.T) {
	ctx := context.Background()
	key := bytes.Repeat([]byte{7}, keys.Size)
	t.Setenv("LSMLITE_TEST_KEY", hex.EncodeToString(key))
	t.Setenv("LSMLITE_TEST_OTHER", strings.Repeat("0", 64))
	path := filepath.Join(t.TempDir(), "x.lsm")
	db := openSQL(t, path+"?compression=lz4&key_file="+secretFile(t, key))
	if _, err := db.Exec("INSERT INTO kv VALUES ('somewhere', 'over the rainbow')"); err != nil {
		t.Fatal(err)
	}
	var cipher, file, id, kind string
	var parameters sql.NullString
	if err := db.QueryRow("PRAGMA encryption").Scan(&cipher, &file, &id, &kind, &parameters); err != nil {
		t.Fatal(err)
	}
	if cipher != "aes-256-gcm" || len(file) != 32 || len(id) != 16 || kind != "raw" || parameters.Valid {
		t.Errorf("%s, %s, %s, %s, %v", cipher, file, id, kind, parameters)
	}
	for name, want := range map[string]string{"compression": "lz4", "compression_id": "11100", "cipher": "aes-256-gcm"} {
		var got string
		if err := db.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != want {
			t.Errorf("PRAGMA %s is %q, %v", name, got, err)
		}
	}
	for dsn, want := range map[string]error{
		"?key_env=LSMLITE_TEST_KEY": nil, "?key_env=LSMLITE_TEST_KEY&mode=ro": nil, "": lsmlite.ErrKey, "?mode=ro": lsmlite.ErrKey,
		"?key_env=LSMLITE_TEST_OTHER": lsmlite.ErrKey, "?key_env=LSMLITE_TEST_NONE": lsmlite.ErrKey, "?key_file=/nowhere": lsmlite.ErrKey,
	} {
		for _, state := range []string{"open", "closed"} {
			if state == "closed" {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			other := openSQL(t, path+dsn)
			var value string
			err := other.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'somewhere'").Scan(&value)
			if want == nil && (err != nil || value != "over the rainbow") {
				t.Errorf("%s, %s: %q, %v", state, dsn, value, err)
			} else if want != nil {
				checkError(t, state+dsn, err, "", want)
				checkError(t, state+dsn, err, "", lsmlite.ErrMismatch)
			}
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
		db = openSQL(t, path+"?key_env=LSMLITE_TEST_KEY")
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-log"} {
		b, _ := os.ReadFile(name)
		if bytes.Contains(b, []byte("rainbow")) || bytes.Contains(b, []byte("somewhere")) {
			t.Errorf("%s has a row in clear", name)
		}
	}
}

// TestKeysInStatements: no statement takes a key, and no error shows what looks like one.
func TestKeysInStatements(t *testing.T) {
	db := openSQL(t, ":memory:")
	for _, name := range []string{"key", "hexkey", "rekey", "passphrase"} {
		for _, text := range []string{"PRAGMA " + name + " = 'hunter2'", "PRAGMA " + name + "('hunter2')", "PRAGMA " + name + " = hunter2"} {
			_, err := db.Exec(text)
			if err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// TestEncryptedConfig: Key of a Config, the name that comes of it, and connectors of an open engine.
func TestEncryptedConfig(t *testing.T) {
	ctx := context.Background()
	src := keys.Passphrase([]byte("hunter2"), keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1})
	cfg := lsmlite.Config{Path: filepath.Join(t.TempDir(), "x.lsm"), Key: src, KeyFile: "/secret"}
	if _, err := lsmlite.NewConnector(cfg); err == nil || !strings.Contains(err.Error(), "several keys") {
		t.Error(err)
	}
	cfg.KeyFile = ""
	if dsn := cfg.FormatDSN(); dsn != cfg.Path {
		t.Errorf("the name is %s", dsn)
	}
	c, err := lsmlite.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	if _, err := db.Exec("INSERT INTO kv VALUES ('a', 'b')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(ctx, cfg.Path, engine.Options{Key: src})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, cfg := range []lsmlite.Config{{Key: src}, {KeyEnv: "X"}, {NotBefore: e.State()}} {
		_, err := lsmlite.NewEngineConnector(e, cfg)
		checkError(t, "a connector of an engine", err, "given to engine.Open", lsmlite.ErrMisuse)
	}
	c, err = lsmlite.NewEngineConnector(e, lsmlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	db = sql.OpenDB(c)
	var n int
	if err := db.QueryRow("SELECT count(*) FROM kv").Scan(&n); err != nil || n != 1 {
		t.Error(n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	token := e.State()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.NotBefore = engine.StateToken{Commits: token.Commits + 1}
	if c, err = lsmlite.NewConnector(cfg); err == nil {
		db = sql.OpenDB(c)
		checkError(t, "an older state", db.Ping(), "", lsmlite.ErrRolledBack)
		_ = db.Close()
	}
}

// TestNotBeforeOfAnOpenPool: NotBefore holds for a pool whose database is open in the process already.
func TestNotBeforeOfAnOpenPool(t *testing.T) {
	ctx := context.Background()
	src := keys.Raw(bytes.Repeat([]byte{7}, keys.Size))
	path := filepath.Join(t.TempDir(), "x.lsm")
	write := func(key string) engine.StateToken {
		db, err := engine.Open(ctx, path, engine.Options{Key: src})
		if err == nil {
			err = db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), nil) })
		}
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		return db.State()
	}
	first := write("a")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newest := write("b")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	pool := func(token engine.StateToken, mode lsmlite.Mode) *sql.DB {
		c, err := lsmlite.NewConnector(lsmlite.Config{Path: path, Key: src, NotBefore: token, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		db := sql.OpenDB(c)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	a := pool(engine.StateToken{}, lsmlite.ModeReadWrite)
	if err := a.Ping(); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []lsmlite.Mode{lsmlite.ModeReadWrite, lsmlite.ModeReadOnly} {
		checkError(t, "a newer state", pool(newest, mode).Ping(), "older copy", lsmlite.ErrRolledBack)
		if err := pool(first, mode).Ping(); err != nil {
			t.Errorf("the state that is there: %v", err)
		}
	}
	if _, err := a.Exec("INSERT INTO kv VALUES ('c', '')"); err != nil {
		t.Fatal(err)
	}
	checkError(t, "another history", pool(newest, lsmlite.ModeReadWrite).Ping(), "another history", lsmlite.ErrRolledBack)
}
