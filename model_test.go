// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

var modelSeed = flag.Uint64("seed", 0, "seed of TestModel; 0 runs a few")

// TestModel runs random statements on the model and on the engine, which must give
// the same rows, the same counts, and an error on both or on neither. The engine's tree
// and pages are so small that it flushes and merges all the time, and its file is closed
// and opened again now and then.
func TestModel(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4}
	if *modelSeed != 0 {
		seeds = []uint64{*modelSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("reproduce: go test -run TestModel -seed=%d", seed)
				}
			}()
			runModel(t, seed)
		})
	}
}

func runModel(t *testing.T, seed uint64) {
	t.Helper()
	dsn := filepath.Join(t.TempDir(), "model.lsm") +
		"?page_size=256&block_size=64&autoflush=2&autocheckpoint=16&automerge=2&safety=off"
	model := connect(t, openModel(t, ""))
	db := openDSN(t, dsn)
	real := connect(t, db)
	g := generator{rng: rand.New(rand.NewPCG(seed, 0))}
	for i := range 1500 {
		if g.rng.IntN(300) == 0 {
			// Both lose what is not committed, one by ROLLBACK and one with its file.
			if _, err := model.ExecContext(context.Background(), "ROLLBACK"); err != nil {
				checkError(t, "ROLLBACK", err, "no transaction", lsmlite.ErrMisuse)
			}
			if err := real.Close(); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = openDSN(t, dsn)
			real = connect(t, db)
			wantRows(t, real, "ok", "PRAGMA integrity_check")
		}
		text, values := g.statement()
		want, wantErr := runBoth(model, text, values)
		got, err := runBoth(real, text, values)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("statement %d: %s %q\nengine: %q, %v\n model: %q, %v", i, text, values, got, err, want, wantErr)
		}
	}
	want, err := ask(model, "SELECT key, value")
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, real, want, "SELECT key, value")
}

// runBoth returns rows and counts of a statement as text.
func runBoth(c *sql.Conn, text string, values []any) (string, error) {
	if strings.HasPrefix(text, "SELECT") {
		return ask(c, text, values...)
	}
	res, err := c.ExecContext(context.Background(), text, values...)
	if err != nil {
		return "", err
	}
	n, err := res.RowsAffected()
	return fmt.Sprint(n), err
}

// generator makes statements.
type generator struct{ rng *rand.Rand }

// key returns one of a few hundred keys, many of which are beginnings of others.
func (g *generator) key() any {
	k := fmt.Sprintf("%o", g.rng.IntN(300))
	if g.rng.IntN(20) == 0 {
		k = ""
	}
	if g.rng.IntN(2) == 0 {
		return k
	}
	return []byte(k)
}

func (g *generator) value() any {
	switch g.rng.IntN(4) {
	case 0:
		return g.rng.IntN(1000)
	case 1:
		return strings.Repeat("long value ", g.rng.IntN(100))
	}
	return fmt.Sprintf("value %d", g.rng.IntN(1000))
}

// where returns a condition on key and its arguments.
func (g *generator) where() (string, []any) {
	switch g.rng.IntN(9) {
	case 0:
		return "", nil
	case 1:
		return " WHERE key > ?", args(g.key())
	case 2:
		return " WHERE key <= ?", args(g.key())
	case 3:
		return " WHERE key IN (?, ?, ?)", args(g.key(), g.key(), g.key())
	case 4:
		return " WHERE key NOT BETWEEN ? AND ?", args(g.key(), g.key())
	case 5:
		return " WHERE key < ? OR key >= ?", args(g.key(), g.key())
	case 6:
		return " WHERE key > ? AND key < ? AND key != ?", args(g.key(), g.key(), g.key())
	case 7:
		return " WHERE key = ?", args(g.key())
	}
	return " WHERE key BETWEEN ? AND ?", args(g.key(), g.key())
}

func (g *generator) statement() (string, []any) {
	pick := func(from ...string) string { return from[g.rng.IntN(len(from))] }
	switch n := g.rng.IntN(100); {
	case n < 40:
		return "INSERT INTO kv VALUES (?, ?), (?, ?), (?, ?)",
			args(g.key(), g.value(), g.key(), g.value(), g.key(), g.value())
	case n < 46:
		return "INSERT OR " + pick("IGNORE", "ABORT") + " INTO kv VALUES (?, ?), (?, ?)",
			args(g.key(), g.value(), g.key(), g.value())
	case n < 50:
		where, values := g.where()
		if where == "" && g.rng.IntN(3) > 0 {
			return "SELECT 1", nil
		}
		return "DELETE" + where, values
	case n < 54:
		return "DELETE WHERE key = ?", args(g.key())
	case n < 60:
		return "DELETE WHERE key BETWEEN ? AND ?", args(g.key(), g.key())
	case n < 84:
		where, values := g.where()
		return "SELECT " + pick("*", "key", "count(*)", "value, key") + where +
			pick("", " ORDER BY key", " ORDER BY key DESC") + pick("", "", " LIMIT 5", " LIMIT 3 OFFSET 2"), values
	case n < 88:
		return pick("BEGIN", "BEGIN DEFERRED"), nil
	case n < 92:
		return pick("COMMIT", "COMMIT", "ROLLBACK"), nil
	case n < 96:
		return "SAVEPOINT " + pick("a", "b"), nil
	}
	return pick("RELEASE ", "ROLLBACK TO ") + pick("a", "b"), nil
}

// TestTransfers moves amounts between accounts from several goroutines, while others
// check that the sum stays what it is.
func TestTransfers(t *testing.T) {
	const numAccounts, sum, numTransfers = 10, 1000, 50
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for i := range numAccounts {
			exec(t, db, "INSERT INTO kv VALUES (?, ?)", fmt.Sprint(i), sum/numAccounts)
		}
		transfer := func(rng *rand.Rand) error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			defer tx.Rollback()
			from, to, amount := fmt.Sprint(rng.IntN(numAccounts)), fmt.Sprint(rng.IntN(numAccounts)), rng.IntN(20)
			for _, change := range []struct {
				account string
				by      int
			}{{from, -amount}, {to, amount}} {
				var balance int
				if err := tx.QueryRow("SELECT value WHERE key = ?", change.account).Scan(&balance); err != nil {
					return err
				}
				if _, err := tx.Exec("INSERT INTO kv VALUES (?, ?)", change.account, balance+change.by); err != nil {
					return err
				}
			}
			if rng.IntN(4) == 0 {
				return nil // rolled back
			}
			return tx.Commit()
		}
		audit := func() error {
			rows, err := db.Query("SELECT value")
			if err != nil {
				return err
			}
			defer rows.Close()
			total := 0
			for rows.Next() {
				var balance int
				if err := rows.Scan(&balance); err != nil {
					return err
				}
				total += balance
			}
			if total != sum {
				return fmt.Errorf("the sum is %d, want %d", total, sum)
			}
			return rows.Err()
		}
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 0))
				for range numTransfers {
					if err := transfer(rng); err != nil {
						t.Error(err)
						return
					}
				}
			})
			wg.Go(func() {
				for range numTransfers {
					if err := audit(); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

// TestFileInUse opens a file that somebody has open who does not share.
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	other, err := engine.Open(context.Background(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db := openDSN(t, path)
	checkError(t, "Ping", db.Ping(), path, lsmlite.ErrBusy)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(); err != nil {
		t.Errorf("after the other has closed: %v", err)
	}
}
