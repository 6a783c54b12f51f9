// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/lsmlite/lsmlite-go/store"
)

// What statements cost, next to a program that sends the same statements with pgx ("same"), and to one that sends what
// it would if there were no dialect ("plain"), with pgx alone and through database/sql:
//
//	go test -C stores/pgstore -run TestCost -cost 10s -v
//
// They take turns within each round, so that what else the machine does is the same for all. The server runs on
// the same machine, with a socket and with fsync=off, so that the time is that of processors.
var cost = flag.Duration("cost", 0, "how long TestCost measures each workload")

const (
	costRows  = 20_000
	costValue = 100
)

// costKey is the i-th key.
func costKey(i int64) []byte { return fmt.Appendf(nil, "row/%08d", i*7919%costRows) }

// contestant is a way to do the work.
type contestant struct {
	name string
	get  func(ctx context.Context, key []byte) ([]byte, error)
	scan func(ctx context.Context, from []byte, n int) (int, error)
	put  func(ctx context.Context, key, value []byte, rows int) error
}

// TestCost measures with the flag -cost; without it, it only does the work.
func TestCost(t *testing.T) {
	shared.start(t)
	ctx := context.Background()
	name := shared.url(table(t), map[string]string{"pool_max_conns": "16"})
	st := openStore(t, name, rwc)
	pool := st.(turns).pool
	tx := begin(t, st, nil)
	for i := range int64(costRows) {
		ok(t, tx.Put(ctx, costKey(i), make([]byte, costValue)))
	}
	ok(t, tx.Commit(ctx))
	_, err := pool.Exec(ctx, `ANALYZE `+quoted(st.(turns).o.table))
	ok(t, err)
	all := []*contestant{dialectOf(t, name), sameOf(pool, st.(turns).sql), plainOf(pool, st.(turns).sql), usualOf(t, pool, st.(turns).sql)}
	value := make([]byte, costValue)
	t.Logf("%-9s %7s %10s %10s %10s %10s %13s", "", "clients", "lsmlite", "same", "plain", "plain sql", "lsmlite/same")
	for _, w := range []struct {
		name string
		f    func(c *contestant, i int64) error
	}{
		{"get", func(c *contestant, i int64) error { _, err := c.get(ctx, costKey(i)); return err }},
		{"scan 10", func(c *contestant, i int64) error { return want(10)(c.scan(ctx, costKey(i), 10)) }},
		{"scan 1000", func(c *contestant, i int64) error { return want(1000)(c.scan(ctx, []byte("row/00001000"), 1000)) }},
		{"put", func(c *contestant, i int64) error { return c.put(ctx, costKey(i), value, 1) }},
		{"put 100", func(c *contestant, i int64) error { return c.put(ctx, costKey(i), value, 100) }},
	} {
		for _, clients := range []int{1, 16} {
			m := measure(t, all, clients, w.f)
			t.Logf("%-9s %7d %7.0f us %7.0f us %7.0f us %7.0f us %13.2f", w.name, clients, m[0], m[1], m[2], m[3], m[0]/m[1])
		}
	}
}

// measure returns the median time of a piece of work for each contestant in microseconds: of an operation with one
// client, and of what passes between two operations with several.
func measure(t *testing.T, all []*contestant, clients int, f func(c *contestant, i int64) error) (medians []float64) {
	t.Helper()
	var next atomic.Int64
	times := make([][]float64, len(all))
	for begun, round := time.Now(), 0; round < 3 || time.Since(begun) < *cost; round++ {
		for i, c := range all {
			if clients == 1 {
				at := time.Now()
				ok(t, f(c, next.Add(1)))
				times[i] = append(times[i], float64(time.Since(at).Nanoseconds())/1000)
				continue
			}
			times[i] = append(times[i], together(t, clients, func() error { return f(c, next.Add(1)) }))
		}
	}
	for _, ts := range times {
		slices.Sort(ts)
		medians = append(medians, ts[len(ts)/2])
	}
	return medians
}

// together runs f in several goroutines, a few times in each, and returns the microseconds for one.
func together(t *testing.T, clients int, f func() error) float64 {
	const each = 8
	var wg sync.WaitGroup
	failed := make([]error, clients)
	at := time.Now()
	for i := range clients {
		wg.Go(func() {
			for range each {
				if failed[i] = f(); failed[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	ok(t, errors.Join(failed...))
	return float64(time.Since(at).Nanoseconds()) / 1000 / float64(clients*each)
}

func want(n int) func(got int, err error) error {
	return func(got int, err error) error {
		if err == nil && got > n {
			err = fmt.Errorf("%d rows", got)
		}
		return err
	}
}

// dialectOf does the work with lsmlite.
func dialectOf(b testing.TB, name string) *contestant {
	db := openSQL(b, name)
	db.SetMaxIdleConns(16)
	get, err := db.Prepare("SELECT value FROM kv WHERE key = ?")
	ok(b, err)
	scan, err := db.Prepare("SELECT key, value FROM kv WHERE key >= ? LIMIT ?")
	ok(b, err)
	put, err := db.Prepare("INSERT OR REPLACE INTO kv VALUES (?, ?)")
	ok(b, err)
	b.Cleanup(func() { get.Close(); scan.Close(); put.Close() })
	return &contestant{
		name: "lsmlite",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, get.QueryRowContext(ctx, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (found int, err error) {
			rows, err := scan.QueryContext(ctx, from, n)
			if err != nil {
				return 0, err
			}
			defer rows.Close()
			var k, v []byte
			for rows.Next() {
				if err := rows.Scan(&k, &v); err != nil {
					return found, err
				}
				found++
			}
			return found, rows.Err()
		},
		put: func(ctx context.Context, key, value []byte, n int) error {
			if n == 1 {
				_, err := put.ExecContext(ctx, key, value)
				return err
			}
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			for i := range n {
				if _, err := tx.StmtContext(ctx, put).ExecContext(ctx, fmt.Appendf(key, "/%d", i), value); err != nil {
					return err
				}
			}
			return tx.Commit()
		},
	}
}

// query collects rows as a program would.
func query(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, text string, args ...any) (found int, last []byte, err error) {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return 0, nil, err
	}
	var v []byte
	for rows.Next() {
		if err := rows.Scan(&last, &v); err != nil {
			return found, nil, err
		}
		found++
	}
	return found, last, rows.Err()
}

// sameOf sends the statements that the store sends, with pgx.
func sameOf(pool *pgxpool.Pool, sql *texts) *contestant {
	inTx := func(ctx context.Context, text string, f func(c *pgx.Conn) error) error {
		return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			if _, err := simple(ctx, c.Conn(), text); err != nil {
				return err
			}
			return f(c.Conn())
		})
	}
	return &contestant{
		name: "same",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, pool.QueryRow(ctx, sql.get, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (found int, err error) {
			text := sql.scans[kindOf(&store.Range{HasLo: true}).index()]
			if n <= firstLimited {
				found, _, err = pageOf(ctx, pool, text, from, n)
				return found, err
			}
			err = inTx(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`, func(c *pgx.Conn) error {
				for found < n {
					size := min(limitedPage, n-found)
					got, last, err := pageOf(ctx, c, text, from, size)
					if err != nil {
						return err
					}
					if found += got; got < size {
						break
					}
					from, text = last, sql.scans[kindOf(&store.Range{HasLo: true, LoOpen: true}).index()]
				}
				_, err := simple(ctx, c, `ROLLBACK`)
				return err
			})
			return found, err
		},
		put: func(ctx context.Context, key, value []byte, n int) error {
			return inTx(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL lock_timeout = 0; `+sql.lock+
				`; SELECT pg_current_xact_id()::text`, func(c *pgx.Conn) error {
				b := &pgx.Batch{}
				if n == 1 {
					b.Queue(sql.put, key, value)
				} else {
					ks, vs := bulk(key, value, n)
					b.Queue(sql.puts, ks, vs)
				}
				b.Queue(sql.mark, sql.last)
				b.Queue(`COMMIT`)
				_, _, err := run(ctx, c, b)
				return err
			})
		},
	}
}

// pageOf reads a page as the store does.
func pageOf(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, text string, from []byte, size int) (found int, last []byte, err error) {
	rows, err := q.Query(ctx, text, from, pageMemory/size, size)
	if err != nil {
		return 0, nil, err
	}
	length := 0
	var v []byte
	for rows.Next() {
		if err := rows.Scan(&last, &length, &v); err != nil {
			rows.Close()
			return found, nil, err
		}
		found++
	}
	return found, last, rows.Err()
}

func bulk(key, value []byte, n int) (ks, vs [][]byte) {
	for i := range n {
		ks, vs = append(ks, fmt.Appendf(nil, "%s/%02d", key, i)), append(vs, value)
	}
	return ks, vs
}

// plainOf sends what a program would that knows only PostgreSQL: one statement for a read or a write, without a lock
// that keeps others from writing.
func plainOf(pool *pgxpool.Pool, sql *texts) *contestant {
	return &contestant{
		name: "plain",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, pool.QueryRow(ctx, sql.get, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (int, error) {
			found, _, err := query(ctx, pool, `SELECT key, value FROM `+plainTable(sql)+` WHERE key >= $1 ORDER BY key LIMIT $2`, from, n)
			return found, err
		},
		put: func(ctx context.Context, key, value []byte, n int) (err error) {
			var tag pgconn.CommandTag
			if n == 1 {
				tag, err = pool.Exec(ctx, sql.put, key, value)
			} else {
				ks, vs := bulk(key, value, n)
				tag, err = pool.Exec(ctx, sql.puts, ks, vs)
			}
			if err == nil && tag.RowsAffected() != int64(n) {
				err = fmt.Errorf("%s", tag)
			}
			return err
		},
	}
}

// usualOf is plainOf through database/sql.
func usualOf(t testing.TB, pool *pgxpool.Pool, texts *texts) *contestant {
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { db.Close() })
	c := *plainOf(pool, texts)
	c.get = func(ctx context.Context, key []byte) (v []byte, err error) {
		return v, db.QueryRowContext(ctx, texts.get, key).Scan(&v)
	}
	c.scan = func(ctx context.Context, from []byte, n int) (found int, err error) {
		rows, err := db.QueryContext(ctx, `SELECT key, value FROM `+plainTable(texts)+` WHERE key >= $1 ORDER BY key LIMIT $2`, from, n)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		var k, v []byte
		for rows.Next() {
			if err := rows.Scan(&k, &v); err != nil {
				return found, err
			}
			found++
		}
		return found, rows.Err()
	}
	return &c
}

// plainTable is the name of the table in the texts.
func plainTable(sql *texts) string {
	const before, after = `SELECT value FROM `, ` WHERE key = $1`
	return sql.get[len(before) : len(sql.get)-len(after)]
}
