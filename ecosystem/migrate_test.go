// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratetest "github.com/golang-migrate/migrate/v4/database/testing"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	lsmlite "github.com/lsmlite/lsmlite-go"
)

// migrateDriver is a database of golang-migrate. It keeps the version, and whether a
// migration failed half way, under one key.
type migrateDriver struct {
	db     *sql.DB
	key    string
	locked atomic.Bool // one process has the file, so a lock in the process is enough
}

var _ database.Driver = (*migrateDriver)(nil)

func init() { database.Register("lsmlite", &migrateDriver{}) }

// Open takes a URL such as lsmlite://path/of/the/file.lsm?safety=full.
func (*migrateDriver) Open(url string) (database.Driver, error) {
	db, err := sql.Open(lsmlite.DriverName, strings.TrimPrefix(url, "lsmlite://"))
	if err != nil {
		return nil, err
	}
	return &migrateDriver{db: db, key: "schema_migrations"}, nil
}

func (d *migrateDriver) Close() error { return d.db.Close() }

func (d *migrateDriver) Lock() error {
	if !d.locked.CompareAndSwap(false, true) {
		return database.ErrLocked
	}
	return nil
}

func (d *migrateDriver) Unlock() error {
	if !d.locked.CompareAndSwap(true, false) {
		return database.ErrNotLocked
	}
	return nil
}

// Run applies a file of statements, all of them or none.
func (d *migrateDriver) Run(migration io.Reader) error {
	text, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	tx, err := d.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(string(text)); err != nil {
		return &database.Error{OrigErr: err, Err: "migration failed", Query: text}
	}
	return tx.Commit()
}

func (d *migrateDriver) SetVersion(version int, dirty bool) error {
	_, err := d.db.Exec("INSERT INTO kv VALUES (?, ?)", d.key, fmt.Sprint(version, " ", dirty))
	return err
}

func (d *migrateDriver) Version() (version int, dirty bool, err error) {
	var text string
	switch err := d.db.QueryRow("SELECT value FROM kv WHERE key = ?", d.key).Scan(&text); {
	case errors.Is(err, sql.ErrNoRows):
		return database.NilVersion, false, nil
	case err != nil:
		return 0, false, err
	}
	_, err = fmt.Sscan(text, &version, &dirty)
	return version, dirty, err
}

func (d *migrateDriver) Drop() error {
	_, err := d.db.Exec("DELETE FROM kv")
	return err
}

// golang-migrate's own test of a database driver.
func TestMigrateDriver(t *testing.T) {
	d, err := (&migrateDriver{}).Open("lsmlite://" + newFile(t))
	must(t, err)
	migratetest.Test(t, d, []byte("INSERT INTO kv VALUES ('user/1', 'Ada'); DELETE FROM kv WHERE key = 'x';"))
}

var migrateFiles = fstest.MapFS{
	"1_users.up.sql":   {Data: []byte("INSERT INTO kv VALUES ('user/1', 'Ada'), ('user/2', 'Grace');")},
	"1_users.down.sql": {Data: []byte("DELETE FROM kv WHERE key >= 'user/' AND key < 'user0';")},
	"2_root.up.sql":    {Data: []byte("INSERT OR ABORT INTO kv VALUES ('user/0', 'root');")},
	"2_root.down.sql":  {Data: []byte("DELETE FROM kv WHERE key = 'user/0';")},
	"3_bad.up.sql":     {Data: []byte("DELETE FROM kv WHERE key = 'user/1'; CREATE TABLE users (id INTEGER);")},
	"3_bad.down.sql":   {Data: []byte("DELETE FROM kv WHERE key = 'none';")},
}

func TestMigrate(t *testing.T) {
	name := newFile(t)
	files, err := iofs.New(migrateFiles, ".")
	must(t, err)
	m, err := migrate.NewWithSourceInstance("iofs", files, "lsmlite://"+name)
	must(t, err)

	must(t, m.Migrate(2))
	db := open(t, name)
	equal(t, "users", get(t, db, "SELECT count(*) FROM kv WHERE key GLOB 'user/*'"), "3")
	must(t, m.Steps(-1))
	equal(t, "users after a step back", get(t, db, "SELECT count(*) FROM kv WHERE key GLOB 'user/*'"), "2")
	must(t, m.Migrate(2))

	if err := m.Up(); err == nil || !strings.Contains(err.Error(), "CREATE") {
		t.Errorf("a migration that cannot work: error %v", err)
	}
	version, dirty, err := m.Version()
	must(t, err)
	equal(t, "version", fmt.Sprint(version, dirty), "3 true")
	equal(t, "users after the failure", get(t, db, "SELECT count(*) FROM kv WHERE key GLOB 'user/*'"), "3")
	if err := m.Up(); !errors.As(err, new(migrate.ErrDirty)) {
		t.Errorf("a dirty database: error %v", err)
	}
	must(t, m.Force(2))
	must(t, m.Down())
	equal(t, "users after Down", get(t, db, "SELECT count(*) FROM kv WHERE key GLOB 'user/*'"), "0")
	sourceErr, dbErr := m.Close()
	must(t, errors.Join(sourceErr, dbErr))
}

// golang-migrate with a database driver of one's own.
func Example_migrate() {
	files, err := iofs.New(migrateFiles, ".")
	check(err)
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	m, err := migrate.NewWithInstance("iofs", files, "lsmlite", &migrateDriver{db: db, key: "schema_migrations"})
	check(err)
	check(m.Migrate(2))
	var users int
	check(db.QueryRowContext(context.Background(), "SELECT count(*) FROM kv WHERE key GLOB 'user/*'").Scan(&users))
	fmt.Println(users)
	_, err = m.Close()
	check(err)
	// Output: 3
}
