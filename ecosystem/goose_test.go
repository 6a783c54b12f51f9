// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// gooseStore keeps goose's versions as keys with a prefix. It is all that goose needs:
// its own stores create a table, which there is not.
type gooseStore struct{ prefix string }

var _ database.Store = gooseStore{}

// Tablename is what goose calls the store in messages.
func (s gooseStore) Tablename() string { return s.prefix }

// CreateVersionTable has nothing to create.
func (s gooseStore) CreateVersionTable(context.Context, database.DBTxConn) error { return nil }

// key orders versions as numbers.
func (s gooseStore) key(version int64) string { return fmt.Sprintf("%s/%020d", s.prefix, version) }

func (s gooseStore) Insert(ctx context.Context, db database.DBTxConn, req database.InsertRequest) error {
	_, err := db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?)", s.key(req.Version), time.Now())
	return err
}

func (s gooseStore) Delete(ctx context.Context, db database.DBTxConn, version int64) error {
	_, err := db.ExecContext(ctx, "DELETE FROM kv WHERE key = ?", s.key(version))
	return err
}

func (s gooseStore) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	var when string
	err := db.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", s.key(version)).Scan(&when)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, database.ErrVersionNotFound
	}
	if err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339Nano, when)
	return &database.GetMigrationResult{Timestamp: at, IsApplied: true}, err
}

func (s gooseStore) GetLatestVersion(ctx context.Context, db database.DBTxConn) (int64, error) {
	all, err := s.ListMigrations(ctx, db)
	if err == nil && len(all) == 0 {
		err = database.ErrVersionNotFound
	}
	if err != nil {
		return 0, err
	}
	return all[0].Version, nil
}

func (s gooseStore) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	rows, err := db.QueryContext(ctx, "SELECT key FROM kv WHERE key >= ? AND key < ? ORDER BY key DESC",
		s.prefix+"/", s.prefix+"0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*database.ListMigrationsResult
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		r := &database.ListMigrationsResult{IsApplied: true}
		if _, err := fmt.Sscanf(key[len(s.prefix)+1:], "%d", &r.Version); err != nil {
			return nil, fmt.Errorf("the key %q is no version: %w", key, err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// migrations are files as goose reads them.
var migrations = fstest.MapFS{
	"00001_users.sql": {Data: []byte(`-- +goose Up
INSERT INTO kv VALUES ('user/1', 'Ada');
INSERT INTO kv VALUES ('user/2', 'Grace');
-- +goose Down
DELETE FROM kv WHERE key >= 'user/' AND key < 'user0';
`)},
	"00002_root.sql": {Data: []byte(`-- +goose Up
INSERT OR ABORT INTO kv VALUES ('user/0', 'root');
-- +goose Down
DELETE FROM kv WHERE key = 'user/0';
`)},
}

// goose with a store of its own: files with statements, applied once, in order.
func Example_goose() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()

	provider, err := goose.NewProvider("", db, migrations, goose.WithStore(gooseStore{prefix: "goose"}))
	check(err)
	results, err := provider.Up(context.Background())
	check(err)
	for _, r := range results {
		fmt.Println(r.Source.Path)
	}
	version, err := provider.GetDBVersion(context.Background())
	check(err)
	fmt.Println("version", version)
	// Output:
	// 00001_users.sql
	// 00002_root.sql
	// version 2
}

func TestGoose(t *testing.T) {
	db := open(t, newFile(t))
	store := gooseStore{prefix: "goose"}
	provider, err := goose.NewProvider("", db, migrations, goose.WithStore(store))
	must(t, err)

	_, err = provider.Up(t.Context())
	must(t, err)
	equal(t, "users", get(t, db, "SELECT count(*) FROM kv WHERE key >= 'user/' AND key < 'user0'"), "3")
	again, err := provider.Up(t.Context())
	must(t, err)
	equal(t, "migrations that Up applies again", len(again), 0)
	status, err := provider.Status(t.Context())
	must(t, err)
	for _, s := range status {
		equal(t, s.Source.Path, s.State, goose.StateApplied)
		if since := time.Since(s.AppliedAt); since < 0 || since > time.Minute {
			t.Errorf("%s was applied at %v", s.Source.Path, s.AppliedAt)
		}
	}
	equal(t, "migrations in the status", len(status), 2)

	_, err = provider.Down(t.Context())
	must(t, err)
	version, err := provider.GetDBVersion(t.Context())
	must(t, err)
	equal(t, "version after Down", version, 1)
	equal(t, "users after Down", get(t, db, "SELECT count(*) FROM kv WHERE key >= 'user/' AND key < 'user0'"), "2")
}

// A migration that fails leaves neither its rows nor its version.
func TestGooseFails(t *testing.T) {
	db := open(t, newFile(t))
	bad := fstest.MapFS{"00001_bad.sql": {Data: []byte(`-- +goose Up
INSERT INTO kv VALUES ('a', 1);
INSERT OR ABORT INTO kv VALUES ('a', 2);
`)}}
	provider, err := goose.NewProvider("", db, bad, goose.WithStore(gooseStore{prefix: "goose"}))
	must(t, err)
	if _, err := provider.Up(t.Context()); err == nil {
		t.Error("no error")
	}
	version, err := provider.GetDBVersion(t.Context())
	must(t, err)
	equal(t, "version", version, 0)
	equal(t, "rows", get(t, db, "SELECT count(*) FROM kv WHERE key = 'a'"), "0")
}
