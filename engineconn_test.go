// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func openEngine(t *testing.T, o engine.Options) *engine.DB {
	t.Helper()
	if o.FS == nil {
		o.FS = memfs.New()
	}
	db, err := engine.Open(context.Background(), "/e.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close of the engine: %v", err)
		}
	})
	return db
}

// TestStatementsOnEngine runs statements on a database that the engine has opened, on two
// connectors at once, and closes them while the engine stays open.
func TestStatementsOnEngine(t *testing.T) {
	ctx := context.Background()
	db := openEngine(t, engine.Options{AutoFlush: 1 << 20})
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	connectors := map[string]*sql.DB{}
	for name, cfg := range map[string]lsmlite.Config{
		"writes": {AutoFlush: 1 << 20}, "reads": {Mode: lsmlite.ModeReadOnly}, "text": {ValueType: lsmlite.TypeText},
	} {
		c, err := lsmlite.NewEngineConnector(db, cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		connectors[name] = sql.OpenDB(c)
	}
	exec(t, connectors["writes"], "INSERT INTO kv VALUES ('b', '2')")
	exec(t, connectors["writes"], "PRAGMA safety = full")
	if s := db.Options().Safety; s != engine.SafetyFull {
		t.Errorf("PRAGMA safety = full left the engine at %v", s)
	}
	wantRows(t, connectors["reads"], "full", "PRAGMA safety")
	wantRows(t, connectors["reads"], "ro", "PRAGMA mode")
	wantRows(t, connectors["reads"], "a|1 b|2", "SELECT key, value FROM kv")
	wantRows(t, connectors["text"], "text", "PRAGMA value_type")
	wantRows(t, connectors["writes"], "blob", "PRAGMA value_type")
	for _, text := range []string{"DELETE FROM kv", "PRAGMA safety = off", "PRAGMA optimize"} {
		if _, err := connectors["reads"].Exec(text); !errors.Is(err, lsmlite.ErrReadOnly) {
			t.Errorf("%s, read-only: %v", text, err)
		}
	}
	conn, err := connectors["reads"].Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(dc any) error {
		if dc.(lsmlite.Conn).Engine() != db {
			t.Error("the connection is on another engine")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	t.Cleanup(func() { // after the connections, and before the engine
		for name, c := range connectors {
			if err := c.Close(); err != nil {
				t.Errorf("close of %s: %v", name, err)
			}
		}
		if v, found, err := db.Get(nil, []byte("b")); string(v) != "2" || !found || err != nil {
			t.Errorf("after the connectors were closed: %q, %v, %v", v, found, err)
		}
	})
}

// TestEngineConnectorRefusesWhatDiffers: the database is open, so its settings are given.
func TestEngineConnectorRefusesWhatDiffers(t *testing.T) {
	db := openEngine(t, engine.Options{})
	for name, cfg := range map[string]lsmlite.Config{
		"autoflush": {AutoFlush: 2 << 20},
		"page size": {PageSize: 8192},
		"observer":  {Observer: &engine.Observer{}},
		"logger":    {Logger: slog.Default()},
		"memory":    {Mode: lsmlite.ModeMemory},
	} {
		if _, err := lsmlite.NewEngineConnector(db, cfg); !errors.Is(err, lsmlite.ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
