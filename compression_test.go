// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
)

// TestCompression writes a database with each codec and opens it again without naming it.
func TestCompression(t *testing.T) {
	ctx := context.Background()
	value := func(db *sql.DB, query string) string {
		t.Helper()
		var s string
		if err := db.QueryRowContext(ctx, query).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, id := range map[string]string{"none": "1", "lz4": "10001", "zlib": "10002", "zstd": "10003", "snappy": "11001"} {
		path := filepath.Join(t.TempDir(), "c.lsm")
		db, err := sql.Open("lsmlite", path+"?compression="+name)
		if err != nil {
			t.Fatal(err)
		}
		if got := value(db, "PRAGMA compression"); got != name {
			t.Errorf("%s: compression is %s", name, got)
		}
		if _, err := db.ExecContext(ctx, "INSERT INTO kv VALUES ('a', ?)", bytes.Repeat([]byte("lsm"), 20000)); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || (info.Size() < 30000) != (name != "none") {
			t.Errorf("%s: the file has %d bytes, %v", name, info.Size(), err)
		}
		if db, err = sql.Open("lsmlite", path); err != nil {
			t.Fatal(err)
		}
		if got := value(db, "PRAGMA compression"); got != name {
			t.Errorf("%s: opened again, compression is %s", name, got)
		}
		if got := value(db, "PRAGMA compression_id"); got != id {
			t.Errorf("%s: the id is %s", name, got)
		}
		if got := value(db, "SELECT length(value) FROM kv WHERE key = 'a'"); got != "60000" {
			t.Errorf("%s: the value has %s bytes", name, got)
		}
		if got := value(db, "PRAGMA integrity_check"); got != "ok" {
			t.Errorf("%s: %s", name, got)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		other := "zlib"
		if name == other {
			other = "lz4"
		}
		if db, err = sql.Open("lsmlite", path+"?compression="+other); err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(ctx); !errors.Is(err, lsmlite.ErrMismatch) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), other) {
			t.Errorf("%s opened as %s: %v", name, other, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOwnCodec gives a codec to the driver in a Config: here zstd at another level.
func TestOwnCodec(t *testing.T) {
	small, err := compress.ZstdLevel(19)
	if err != nil {
		t.Fatal(err)
	}
	c, err := lsmlite.NewConnector(lsmlite.Config{Path: filepath.Join(t.TempDir(), "o.lsm"), Compression: "zstd", Codecs: []engine.Codec{small}})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	defer db.Close()
	if _, err := db.Exec("INSERT INTO kv VALUES ('a', 'b')"); err != nil {
		t.Fatal(err)
	}
	if _, err := lsmlite.NewConnector(lsmlite.Config{Path: "x", Compression: "mine"}); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("a codec that is not registered: %v", err)
	}
}
