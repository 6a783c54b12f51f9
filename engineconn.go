// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// NewEngineConnector returns a Connector for a database that the program has opened with package
// engine, so that statements can run on it:
//
//	c, err := lsmlite.NewEngineConnector(db, lsmlite.Config{})
//	if err != nil {
//		return err
//	}
//	statements := sql.OpenDB(c)
//	defer statements.Close()
//
// Of cfg only what belongs to connections is used: Mode, of which ModeReadOnly refuses everything
// that writes, BusyTimeout, TxLock, CountDeletes, KeyType and ValueType. A setting of the database
// that differs from the one it is open with is refused, and so is a key: who has db has the key.
//
// The caller closes db, after the last of the connections. Closing them leaves db open.
func NewEngineConnector(db *engine.DB, cfg Config) (*Connector, error) {
	o := db.Options()
	cfg.Path, cfg.FS = db.Path(), o.FS
	switch {
	case cfg.Observer != nil || cfg.Logger != nil:
		return nil, misusef("open", "the database is open already: its Observer and its Logger are given to engine.Open")
	case cfg.engineOptions().Key != nil || cfg.NotBefore != (engine.StateToken{}):
		return nil, misusef("open", "the database is open already: its key and NotBefore are given to engine.Open")
	case cfg.Mode == ModeMemory:
		return nil, misusef("open", "the database is open already, as a file: mode=memory makes no sense")
	case o.ReadOnly:
		cfg.Mode = ModeReadOnly
	}
	for i := range settings {
		s := &settings[i]
		if want := s.said(&cfg); s.load != nil && want != "" && want != s.saved(o) {
			return nil, misusef("open", "settings disagree: the database is open with %s=%s, and %s=%s is requested",
				s.name, s.saved(o), s.name, want)
		}
	}
	c := newConnector(&Driver{}, cfg)
	c.private = true
	c.open = func(context.Context, string, engine.Options) (store.Store, error) {
		return borrowed{store.Engine{DB: db}}, nil
	}
	return c, nil
}

// borrowed is the engine of a caller, who closes it.
type borrowed struct{ store.Engine }

// Close leaves the engine open.
func (borrowed) Close() error { return nil }
