// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/holder"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Settings are the flags of the subcommands that open a database.
type Settings struct {
	Set []string `placeholder:"NAME=VALUE" sep:"none" help:"A setting, as in a data source name, such as safety=full. May be given again."`
	Key
}

// Access says what a database is opened for.
type Access int

// The kinds of access.
const (
	Read   Access = iota // the file must exist, and is not changed
	Write                // the file must exist
	Create               // the file is made if it is missing
)

// modes are the settings of each Access.
var modes = map[Access]lsmlite.Mode{
	Read: lsmlite.ModeReadOnly, Write: lsmlite.ModeReadWrite, Create: lsmlite.ModeReadWriteCreate,
}

// Config is what path and settings come to. The settings are those of a data source name, in its
// words; path is a path, and nothing in it has a special meaning, except :memory:.
func (s Settings) Config(path string, access Access) (lsmlite.Config, error) {
	if _, err := s.Key.Source(); err != nil { // a data source name would not name the flags
		return lsmlite.Config{}, err
	}
	query := make(url.Values, len(s.Set)+1)
	query.Set("mode", modes[access].String())
	if path == ":memory:" {
		query.Set("mode", lsmlite.ModeMemory.String())
	}
	for name, place := range s.Key.settings() {
		query.Set(name, place)
	}
	for _, set := range s.Set {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			return lsmlite.Config{}, Errorf(Usage, "--set %s: a setting is NAME=VALUE, such as safety=full", shownSet(set))
		}
		query.Set(name, value)
	}
	dsn := lsmlite.Config{Path: path}.FormatDSN()
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	cfg, err := lsmlite.ParseDSN(dsn + join + query.Encode())
	if err != nil && len(s.Set) == 0 {
		return cfg, Errorf(Usage, "%w", err)
	}
	if err != nil {
		return cfg, Errorf(Usage, "--set: %w", err)
	}
	if p, ok := sourceIn(cfg).(*pipe); ok {
		cfg.Key, cfg.KeyFile, cfg.PassphraseFile = p, "", ""
	}
	return cfg, nil
}

// shownSet is how a setting without a value is shown: short ones only, because a long one may be a key.
func shownSet(set string) string {
	if len(set) > maxShownSet {
		return fmt.Sprintf("with %d bytes", len(set))
	}
	return set
}

// maxShownSet is longer than the names of all settings, and shorter than a key.
const maxShownSet = 32

// Kept refuses a database in memory: what is written to it is gone when the command ends.
func (s Settings) Kept(path string) error {
	cfg, err := s.Config(path, Create)
	if err == nil && cfg.Mode == lsmlite.ModeMemory {
		err = Errorf(Usage, "%s: a database in memory is gone when the command ends; name a file", path)
	}
	return err
}

// Database is an open database: the same one as SQL and as an engine.
type Database struct {
	SQL    *sql.DB
	Engine *engine.DB
	Path   string
	hold   *sql.Conn
}

// Open opens a database. The caller must Close it.
func (s Settings) Open(ctx context.Context, path string, access Access) (*Database, error) {
	cfg, err := s.Config(path, access)
	if err != nil {
		return nil, err
	}
	return OpenConfig(ctx, cfg)
}

// OpenConfig is Open with all settings.
func OpenConfig(ctx context.Context, cfg lsmlite.Config) (*Database, error) {
	if o, ok := ctx.Value(observerKey{}).(*engine.Observer); ok && cfg.Mode != lsmlite.ModeMemory {
		cfg.Observer = engine.JoinObservers(cfg.Observer, o)
	}
	connector, err := lsmlite.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	db := &Database{SQL: sql.OpenDB(connector), Path: cfg.Path}
	if db.hold, err = db.SQL.Conn(ctx); err == nil {
		err = db.hold.Raw(func(c any) error {
			db.Engine = c.(lsmlite.Conn).Engine()
			return nil
		})
	}
	if err != nil {
		return nil, explainOpen(cfg, errors.Join(err, db.Close()))
	}
	return db, nil
}

// observerKey is the key of the observer in a context.
type observerKey struct{}

// WithObserver has an observer watch each database in a file that is opened with the context.
func WithObserver(ctx context.Context, o *engine.Observer) context.Context {
	return context.WithValue(ctx, observerKey{}, o)
}

// Close closes the database. It may be called again.
func (db *Database) Close() error {
	var err error
	if db.hold != nil {
		err = db.hold.Close()
		db.hold = nil
	}
	return errors.Join(err, db.SQL.Close())
}

// explainOpen adds to an error of opening what the caller can do.
func explainOpen(cfg lsmlite.Config, err error) error {
	path := cfg.Path
	if _, missing := os.Stat(path); os.IsNotExist(missing) && !errors.Is(err, engine.ErrBusy) {
		return fmt.Errorf("%w; there is no file %s", err, text.Show([]byte(path)))
	}
	switch {
	case errors.Is(err, engine.ErrBusy):
		return BusyError(path, err)
	case errors.Is(err, engine.ErrKey):
		return KeyError(path, sourceIn(cfg) != nil, err)
	case errors.Is(err, engine.ErrRolledBack):
		return err
	case errors.Is(err, engine.ErrCorrupt):
		if lost := KeysLost(path); lost != "" {
			return Errorf(Damaged, "%w\n%s", err, lost)
		}
		return &DamagedError{Path: path, Err: err}
	}
	return err
}

// DamagedError is the error of a database that is too damaged to be opened, with what the caller can
// do.
type DamagedError struct {
	Path string
	Err  error
	// Checked says that lsmlite check itself has failed with it, so that it is not advised.
	Checked bool
}

func (e *DamagedError) Error() string {
	check := fmt.Sprintf("lsmlite check %s lists all problems, and ", e.Path)
	if e.Checked {
		check = ""
	}
	return fmt.Sprintf("%v\n%slsmlite recover %s NEW.lsm saves what can still be read", e.Err, check, e.Path)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// BusyError adds to an error who has the database at path open, and how to ask that program. Its
// exit code is Busy.
func BusyError(path string, err error) error {
	return Errorf(Busy, "%w\n%s\nA program can be asked while it has the file open, if it serves package inspect of lsmlite: "+
		"lsmlite --remote http://localhost:PORT/PATH stats", err, holder.Explain(path))
}
