// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lsmlite/lsmlite-go/store"
)

// What statements cost, next to a program that sends the same statements with pgx, and to one that sends what it would
// if there were no dialect:
//
//	go test -C stores/pgstore -run '^$' -bench Statements -count 6 | tee /tmp/new && benchstat -col /by /tmp/new
//
// The server runs next to the benchmark, on a socket and with fsync=off, so the time is that of processors.

const (
	benchRows  = 20_000
	benchValue = 100
)

// benchKey is the i-th key.
func benchKey(i int64) []byte { return fmt.Appendf(nil, "row/%08d", i*7919%benchRows) }

// contestant is a way to do the work.
type contestant struct {
	name string
	get  func(ctx context.Context, key []byte) ([]byte, error)
	scan func(ctx context.Context, from []byte, n int) (int, error)
	put  func(ctx context.Context, key, value []byte, rows int) error
}

func BenchmarkStatements(b *testing.B) {
	shared.start(b)
	ctx := context.Background()
	name := shared.url(table(b), map[string]string{"pool_max_conns": "16"})
	st := openStore(b, name, rwc)
	pool := st.(turns).pool
	tx := begin(b, st, nil)
	for i := range int64(benchRows) {
		ok(b, tx.Put(ctx, benchKey(i), make([]byte, benchValue)))
	}
	ok(b, tx.Commit(ctx))
	_, err := pool.Exec(ctx, `ANALYZE `+quoted(st.(turns).o.table))
	ok(b, err)
	dialect := dialectOf(b, name)
	same := sameOf(pool, st.(turns).sql)
	plain := plainOf(pool, st.(turns).sql)
	value := make([]byte, benchValue)
	for _, w := range []struct {
		name string
		f    func(c *contestant, i int64) error
	}{
		{"get", func(c *contestant, i int64) error { _, err := c.get(ctx, benchKey(i)); return err }},
		{"scan10", func(c *contestant, i int64) error { return want(10)(c.scan(ctx, benchKey(i%(benchRows/2)), 10)) }},
		{"scan1000", func(c *contestant, i int64) error { return want(1000)(c.scan(ctx, []byte("row/00001000"), 1000)) }},
		{"put", func(c *contestant, i int64) error { return c.put(ctx, benchKey(i), value, 1) }},
		{"put100", func(c *contestant, i int64) error { return c.put(ctx, benchKey(i), value, 100) }},
	} {
		for _, clients := range []int{1, 16} {
			for _, c := range []*contestant{dialect, same, plain} {
				b.Run(fmt.Sprintf("%s/clients=%d/by=%s", w.name, clients, c.name), func(b *testing.B) {
					var next atomic.Int64
					if clients == 1 {
						for b.Loop() {
							ok(b, w.f(c, next.Add(1)))
						}
						return
					}
					b.SetParallelism(clients / 2) // times the processors, of which there are two
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							if err := w.f(c, next.Add(1)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				})
			}
		}
	}
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
func dialectOf(b *testing.B, name string) *contestant {
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
			err = inTx(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`, func(c *pgx.Conn) error {
				text := sql.scans[kindOf(&store.Range{HasLo: true}).index()]
				for size := firstLimited; found < n; size = maxPage {
					size = min(size, n-found)
					rows, err := c.Query(ctx, text, from, pageMemory/size, size)
					if err != nil {
						return err
					}
					got, length := 0, 0
					var v []byte
					for rows.Next() {
						if err := rows.Scan(&from, &length, &v); err != nil {
							return err
						}
						got++
					}
					if err := rows.Err(); err != nil {
						return err
					}
					if found += got; got < size {
						break
					}
					text = sql.scans[kindOf(&store.Range{HasLo: true, LoOpen: true}).index()]
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
				_, err := run(ctx, c, b)
				return err
			})
		},
	}
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

// plainTable is the name of the table in the texts.
func plainTable(sql *texts) string {
	const before, after = `SELECT value FROM `, ` WHERE key = $1`
	return sql.get[len(before) : len(sql.get)-len(after)]
}
