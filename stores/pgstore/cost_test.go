// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math"
	"runtime"
	"sort"
	"strings"
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

// What statements cost, next to programs that send the same statements with pgx ("same") and with pgx through
// database/sql ("same sql"), and to one that sends with pgx what it would if there were no dialect ("plain"):
//
//	go test -C stores/pgstore -run TestCost -cost 25s -v
//
// They take turns, so that what else the machine does is the same for all. The server runs on
// the same machine, with a socket and with fsync=off, so that the time is that of processors.
var cost = flag.Duration("cost", 0, "how long TestCost measures each workload")

const (
	costRows  = 20_000
	costValue = 100
)

// costKey is the i-th key, and costRow how many keys are less than it.
func costKey(i int64) []byte { return fmt.Appendf(nil, "row/%08d", costRow(i)) }
func costRow(i int64) int    { return int(i * 7919 % costRows) }

// contestant is a way to do the work. It has no put if that would not be the same statements.
type contestant struct {
	name string
	get  func(ctx context.Context, key []byte) ([]byte, error)
	scan func(ctx context.Context, from []byte, n int) (int, error) // of all rows from there on if n is 0
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
	_, err := pool.Exec(ctx, `VACUUM ANALYZE `+quoted(st.(turns).o.table))
	ok(t, err)
	texts := st.(turns).sql
	all := []*contestant{dialectOf(t, name), sameOf(pool, texts), sameSQLOf(t, pool, texts), plainOf(pool, texts)}
	value := make([]byte, costValue)
	t.Logf("%-9s %7s %10s %10s %10s %10s %13s %8s %17s", "", "clients", "lsmlite", "same", "same sql", "plain",
		"lsmlite/same", "singly", "lsmlite/same sql")
	for _, w := range []struct {
		name  string
		write bool
		f     func(c *contestant, i int64) error
	}{
		{"get", false, func(c *contestant, i int64) error { _, err := c.get(ctx, costKey(i)); return err }},
		{"scan 10", false, func(c *contestant, i int64) error {
			return want(min(10, costRows-costRow(i)))(c.scan(ctx, costKey(i), 10))
		}},
		{"scan 1000", false, func(c *contestant, i int64) error { return want(1000)(c.scan(ctx, []byte("row/00001000"), 1000)) }},
		{"scan all", false, func(c *contestant, i int64) error { return want(19_000)(c.scan(ctx, []byte("row/00001000"), 0)) }},
		{"put", true, func(c *contestant, i int64) error { return c.put(ctx, costKey(i), value, 1) }},
		{"put 100", true, func(c *contestant, i int64) error { return c.put(ctx, costKey(i), value, 100) }},
	} {
		for _, clients := range []int{1, 16} {
			var fields strings.Builder
			m := measure(t, all, clients, w.write, w.f)
			for _, c := range m {
				fmt.Fprintf(&fields, " %7.0f us", c.slice)
			}
			t.Logf("%-9s %7d%s %13.2f %8.2f %17.2f", w.name, clients, &fields, m[0].slice/m[1].slice, m[0].single/m[1].single,
				m[0].slice/m[2].slice)
		}
	}
}

// figures are what one contestant took for a piece of work, in microseconds: of an operation with one client, and of
// what passes between two operations with several.
type figures struct {
	slice  float64 // the mean of a slice of time, of which this is the median: with the garbage collections that belong to it
	single float64 // the median of single pieces of work, most of which meet no garbage collection
}

// measure returns the figures of each contestant. They take turns of a slice of time each, in another order each round,
// after all of them have worked for a while: so none is measured with caches that another one has filled, or
// with a connection that is new, and each begins with the garbage of the others collected.
func measure(t *testing.T, all []*contestant, clients int, writes bool, f func(c *contestant, i int64) error) (found []figures) {
	t.Helper()
	warm, rounds := 10, 50
	if *cost == 0 {
		warm, rounds = 0, 1
	}
	crowd := newCrowd(t, clients)
	var next atomic.Int64
	singles, slices := make([][]float64, len(all)), make([][]float64, len(all))
	slice := *cost / time.Duration(rounds*len(all))
	for begun, round := time.Now(), 0; round < rounds; round++ {
		if round > warm+3 && time.Since(begun) > 2**cost {
			break // a piece of work takes longer than a slice
		}
		for k := range all {
			i := (k + round) % len(all)
			c := all[i]
			if writes && c.put == nil {
				continue
			}
			runtime.GC()
			sum, n := 0.0, 0
			for begun, done := time.Now(), false; !done; done = time.Since(begun) >= slice {
				took := crowd.do(t, func() error { return f(c, next.Add(1)) })
				sum, n = sum+took, n+1
				if round >= warm {
					singles[i] = append(singles[i], took)
				}
			}
			if round >= warm {
				slices[i] = append(slices[i], sum/float64(n))
			}
		}
	}
	for i := range all {
		found = append(found, figures{median(slices[i]), median(singles[i])})
	}
	return found
}

func median(ts []float64) float64 {
	if len(ts) == 0 {
		return math.NaN()
	}
	sort.Float64s(ts)
	return ts[len(ts)/2]
}

// crowd is clients that work at the same time. They stay, as those of a program do: a goroutine that is new has a small
// stack, which grows while it works.
type crowd struct {
	begin []chan func() error
	ended chan error
}

// newCrowd makes a crowd, which leaves when the test ends.
func newCrowd(t *testing.T, clients int) *crowd {
	c := &crowd{ended: make(chan error, clients)}
	var wg sync.WaitGroup
	for range clients {
		begin := make(chan func() error)
		c.begin = append(c.begin, begin)
		wg.Go(func() {
			for f := range begin {
				c.ended <- several(f)
			}
		})
	}
	t.Cleanup(func() {
		for _, begin := range c.begin {
			close(begin)
		}
		wg.Wait()
	})
	return c
}

// each is how often a client of a crowd does its work at a time.
const each = 2

func several(f func() error) (err error) {
	for range each {
		if err = f(); err != nil {
			break
		}
	}
	return err
}

// do has all clients do f a few times, and returns the microseconds for one. One client alone does it once.
func (c *crowd) do(t *testing.T, f func() error) float64 {
	at := time.Now()
	if len(c.begin) == 1 {
		ok(t, f())
		return float64(time.Since(at).Nanoseconds()) / 1000
	}
	for _, begin := range c.begin {
		begin <- f
	}
	failed := make([]error, len(c.begin))
	for i := range failed {
		failed[i] = <-c.ended
	}
	ok(t, errors.Join(failed...))
	return float64(time.Since(at).Nanoseconds()) / 1000 / float64(len(c.begin)*each)
}

// want demands that a range has n rows.
func want(n int) func(got int, err error) error {
	return func(got int, err error) error {
		if err == nil && got != n {
			err = fmt.Errorf("%d rows, and there are %d", got, n)
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
	rest, err := db.Prepare("SELECT key, value FROM kv WHERE key >= ?")
	ok(b, err)
	put, err := db.Prepare("INSERT OR REPLACE INTO kv VALUES (?, ?)")
	ok(b, err)
	b.Cleanup(func() { get.Close(); scan.Close(); rest.Close(); put.Close() })
	return &contestant{
		name: "lsmlite",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, get.QueryRowContext(ctx, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (found int, err error) {
			if n == 0 {
				found, _, err = collect(rest.QueryContext(ctx, from))
			} else {
				found, _, err = collect(scan.QueryContext(ctx, from, n))
			}
			return found, err
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
			put := tx.StmtContext(ctx, put)
			ks, vs := bulk(key, value, n)
			for i := range ks {
				if _, err := put.ExecContext(ctx, ks[i], vs[i]); err != nil {
					return err
				}
			}
			return tx.Commit()
		},
	}
}

// collect collects rows of database/sql as a program would.
func collect(rows *sql.Rows, err error) (found int, last []byte, _ error) {
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	var v []byte
	for rows.Next() {
		if err := rows.Scan(&last, &v); err != nil {
			return found, nil, err
		}
		found++
	}
	return found, last, rows.Err()
}

// querier is a connection of pgx, or a pool of them.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// query collects rows of pgx as a program would.
func query(ctx context.Context, q querier, text string, args ...any) (found int, last []byte, err error) {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	var v []byte
	for rows.Next() {
		if err := rows.Scan(&last, &v); err != nil {
			return found, nil, err
		}
		found++
	}
	return found, last, rows.Err()
}

// lookAhead is the first page of a range, with the lengths of its values.
func lookAhead(ctx context.Context, q querier, text string, from []byte, size int) (found int, err error) {
	rows, err := q.Query(ctx, text, from, pageMemory/size, size)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	length := 0
	var k, v []byte
	for rows.Next() {
		if err := rows.Scan(&k, &length, &v); err != nil {
			return found, err
		}
		found++
	}
	return found, rows.Err()
}

// textsFrom are the statements of a range from a key on: its first page, and one and the next page of a stream.
func textsFrom(sql *texts) (first, flow, next string) {
	closed, open := kindOf(&store.Range{HasLo: true}).index(), kindOf(&store.Range{HasLo: true, LoOpen: true}).index()
	return sql.scans[closed], sql.flows[closed], sql.flows[open]
}

// pagesOf reads all pages of a range.
func pagesOf(page func(text string, from []byte, n int) (int, []byte, error), flow, next string, from []byte) (found int, err error) {
	for n := 4096; ; {
		got, last, err := page(flow, from, n)
		if found += got; err != nil || got < n {
			return found, err
		}
		flow, from, n = next, last, pageAfter((costValue+len(last))*got, got)
	}
}

const stateText = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`

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
	first, flow, next := textsFrom(sql)
	return &contestant{
		name: "same",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, pool.QueryRow(ctx, sql.get, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (found int, err error) {
			switch {
			case n > firstLimited:
				found, _, err = query(ctx, pool, flow, from, n)
				return found, err
			case n > 0:
				return lookAhead(ctx, pool, first, from, n)
			}
			if _, err := lookAhead(ctx, pool, first, from, firstPage); err != nil {
				return 0, err
			}
			err = inTx(ctx, stateText, func(c *pgx.Conn) (err error) {
				found, err = pagesOf(func(text string, from []byte, n int) (int, []byte, error) {
					return query(ctx, c, text, from, n)
				}, flow, next, from)
				if err == nil {
					_, err = simple(ctx, c, `ROLLBACK`)
				}
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

// bulk is n rows that put writes, the same for every contestant.
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
			if n == 0 {
				found, _, err := query(ctx, pool, `SELECT key, value FROM `+plainTable(sql)+` WHERE key >= $1 ORDER BY key`, from)
				return found, err
			}
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

// sameSQLOf sends the statements that the store sends for reads, through pgx's driver of database/sql.
func sameSQLOf(t testing.TB, pool *pgxpool.Pool, texts *texts) *contestant {
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { db.Close() })
	first, flow, next := textsFrom(texts)
	return &contestant{
		name: "same sql",
		get: func(ctx context.Context, key []byte) (v []byte, err error) {
			return v, db.QueryRowContext(ctx, texts.get, key).Scan(&v)
		},
		scan: func(ctx context.Context, from []byte, n int) (found int, err error) {
			switch {
			case n > firstLimited:
				found, _, err = collect(db.QueryContext(ctx, flow, from, n))
				return found, err
			case n > 0:
				return lookAheadSQL(ctx, db, first, from, n)
			}
			if _, err := lookAheadSQL(ctx, db, first, from, firstPage); err != nil {
				return 0, err
			}
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
			if err != nil {
				return 0, err
			}
			found, err = pagesOf(func(text string, from []byte, n int) (int, []byte, error) {
				return collect(tx.QueryContext(ctx, text, from, n))
			}, flow, next, from)
			return found, errors.Join(err, tx.Rollback())
		},
	}
}

// lookAheadSQL is lookAhead through database/sql.
func lookAheadSQL(ctx context.Context, db *sql.DB, text string, from []byte, size int) (found int, err error) {
	rows, err := db.QueryContext(ctx, text, from, pageMemory/size, size)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	length := 0
	var k, v []byte
	for rows.Next() {
		if err := rows.Scan(&k, &length, &v); err != nil {
			return found, err
		}
		found++
	}
	return found, rows.Err()
}

// plainTable is the name of the table in the texts.
func plainTable(sql *texts) string {
	const before, after = `SELECT value FROM `, ` WHERE key = $1`
	return sql.get[len(before) : len(sql.get)-len(after)]
}
