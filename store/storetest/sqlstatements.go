// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// script is statements of all kinds, a line each.
const script = `
SELECT * FROM kv
SELECT count(*), min(key), max(key) FROM kv
INSERT INTO kv VALUES ('b', '2'), ('a', '1'), ('', 'empty'), ('d', ''), ('c', '3')
INSERT OR ABORT INTO kv VALUES ('e', '5'), ('a', 'x')
INSERT INTO kv VALUES ('e', '5'), ('a', 'x')
INSERT OR IGNORE INTO kv VALUES ('e', '5'), ('a', 'x')
INSERT OR REPLACE INTO kv VALUES ('a', 'y') RETURNING key, value
INSERT INTO kv VALUES ('a', 'z') ON CONFLICT DO UPDATE SET value = value || excluded.value RETURNING value
SELECT * FROM kv
SELECT * FROM kv ORDER BY key DESC
SELECT * FROM kv WHERE key > 'a' AND key <= 'd'
SELECT * FROM kv WHERE key >= 'a' AND key < 'd' ORDER BY key DESC LIMIT 2
SELECT * FROM kv WHERE key BETWEEN 'a' AND 'c' LIMIT 2 OFFSET 1
SELECT key FROM kv WHERE key IN ('d', 'x', 'a', '')
SELECT key FROM kv WHERE key LIKE 'a%'
SELECT key, length(value) FROM kv WHERE value > '2'
SELECT value FROM kv WHERE key = ''
SELECT value FROM kv WHERE key = 'nothing'
SELECT count(*) FROM kv WHERE key > 'a'
SELECT count(*), min(key), max(key) FROM kv WHERE key < 'c'
SELECT max(key) FROM kv WHERE key < ''
SELECT key FROM kv WHERE key < 'b' OR key > 'c'
UPDATE kv SET value = value || '!' WHERE key >= 'c'
UPDATE kv SET value = 'z' WHERE key = 'd' RETURNING key
DELETE FROM kv WHERE key = 'b' RETURNING value
DELETE FROM kv WHERE key > 'c' AND key <= 'e'
SELECT * FROM kv
BEGIN
INSERT INTO kv VALUES ('t', '1')
SAVEPOINT one
DELETE FROM kv
SELECT count(*) FROM kv
SAVEPOINT two
INSERT INTO kv VALUES ('u', '2')
SELECT * FROM kv ORDER BY key DESC
ROLLBACK TO one
SELECT * FROM kv
DELETE FROM kv WHERE key >= 'c' AND key < 't'
INSERT INTO kv VALUES ('t', 'again')
SELECT count(*) FROM kv WHERE key > ''
RELEASE one
COMMIT
SELECT * FROM kv
BEGIN
DELETE FROM kv WHERE key > 'a'
ROLLBACK
SELECT * FROM kv
SAVEPOINT outer
INSERT INTO kv VALUES ('v', '9')
RELEASE outer
COMMIT
BEGIN DEFERRED
SELECT count(*) FROM kv
INSERT INTO kv VALUES ('w', '10')
COMMIT
SELECT * FROM kv WHERE key >= 't'
CREATE TABLE IF NOT EXISTS kv (key, value)
EXPLAIN QUERY PLAN SELECT * FROM kv WHERE key > 'a'
INSERT INTO kv VALUES (NULL, 'x')
SELECT nothing FROM kv
DELETE FROM kv
SELECT count(*) FROM kv
`

func (s *sqlSuite) statements() {
	for _, settings := range []string{"", "key_type=text&value_type=text", "count_deletes=off"} {
		other := s.db(settings)
		s.exec(other, "DELETE FROM kv")
		here, there := s.conn(s.memory(settings)), s.conn(other)
		for query := range strings.Lines(strings.TrimSpace(script)) {
			query = strings.TrimSpace(query)
			if got, want := s.ask(there, query), s.ask(here, query); got != want {
				s.Fatalf("%s (%s)\nis %s\nnot %s", query, settings, got, want)
			}
		}
	}
	s.numbers()
}

// numbers looks at arguments, counts of rows, and keys that are numbers.
func (s *sqlSuite) numbers() {
	other := s.db("key_type=int64")
	s.exec(other, "DELETE FROM kv")
	here, there := s.conn(s.memory("key_type=int64")), s.conn(other)
	both := func(query string, args ...any) {
		s.Helper()
		var n [2]int64
		var err [2]error
		for i, r := range []runner{here, there} {
			res, e := r.ExecContext(s.ctx, query, args...)
			if err[i] = e; e == nil {
				n[i], err[i] = res.RowsAffected()
			}
		}
		if n[0] != n[1] || (err[0] == nil) != (err[1] == nil) || err[0] != nil && kindOf(err[0]) != kindOf(err[1]) {
			s.Fatalf("%s %v: %d rows, %v, should be %d, %v", query, args, n[1], err[1], n[0], err[0])
		}
		const all = "SELECT * FROM kv"
		s.want(there, s.ask(here, all), all)
	}
	for i := range 40 {
		both("INSERT INTO kv VALUES (?, ?)", (i*7-100)%50, strings.Repeat("v", i))
	}
	both("INSERT INTO kv VALUES (?, ?)", 5, nil)
	both("INSERT INTO kv VALUES (?, ?)", 1)
	both("DELETE FROM kv WHERE key < :n", 0)
	both("DELETE FROM kv WHERE key BETWEEN ? AND ?", 3, 9)
	both("DELETE FROM kv WHERE length(value) > ?", 30)
	both("UPDATE kv SET value = ? WHERE key > ?", []byte("x"), 20)
	both("DELETE FROM kv WHERE key IN (?, ?, ?)", 1, 1020, 7)
}

const (
	numRandomSeeds      = 3
	numRandomStatements = 300
)

// randomStatements runs the same random statements here and there.
func (s *sqlSuite) randomStatements() {
	other := s.db("")
	for seed := range uint64(numRandomSeeds) {
		s.exec(other, "DELETE FROM kv")
		here, there := s.conn(s.memory("")), s.conn(other)
		g := &statementGen{rng: rand.New(rand.NewPCG(seed, 7))}
		var before []string
		for range numRandomStatements {
			query := g.next()
			before = append(before, query)
			want := s.ask(here, query)
			if strings.HasPrefix(want, "error: syntax") {
				s.Fatalf("the generator makes %s", query)
			}
			if got := s.ask(there, query); got != want {
				s.Fatalf("seed %d: %s\nis %s\nnot %s\nafter:\n%s", seed, query, got, want,
					strings.Join(before[max(0, len(before)-20):], "\n"))
			}
		}
		s.ok(there.Close())
	}
}

// statementGen makes random statements.
type statementGen struct {
	rng *rand.Rand
}

func (g *statementGen) key() string {
	return "'" + strings.Repeat("k", g.rng.IntN(3)) + string("abcd"[g.rng.IntN(4)]) + "'"
}

func (g *statementGen) value() string {
	return "'" + strings.Repeat("v", g.rng.IntN(5)) + fmt.Sprint(g.rng.IntN(10)) + "'"
}

func (g *statementGen) where() string {
	switch g.rng.IntN(8) {
	case 0:
		return ""
	case 1:
		return " WHERE key = " + g.key()
	case 2:
		return " WHERE key > " + g.key()
	case 3:
		return " WHERE key <= " + g.key()
	case 4:
		return " WHERE key >= " + g.key() + " AND key < " + g.key()
	case 5:
		return " WHERE key IN (" + g.key() + ", " + g.key() + ")"
	case 6:
		return " WHERE key > " + g.key() + " AND value > " + g.value()
	}
	return " WHERE key < " + g.key() + " OR key > " + g.key()
}

func (g *statementGen) next() string {
	pick := func(texts ...string) string { return texts[g.rng.IntN(len(texts))] }
	switch n := g.rng.IntN(100); {
	case n < 30:
		return pick("INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ABORT", "INSERT") + " INTO kv VALUES (" + g.key() + ", " + g.value() + "), (" +
			g.key() + ", " + g.value() + ")" + pick("", " RETURNING key, value")
	case n < 40:
		return "UPDATE kv SET value = value || " + g.value() + g.where() + pick("", " RETURNING value")
	case n < 57:
		return "DELETE FROM kv" + g.where() + pick("", "", " RETURNING key")
	case n < 75:
		return "SELECT " + pick("*", "key", "key, length(value)") + " FROM kv" + g.where() + pick("", " ORDER BY key DESC") +
			pick("", " LIMIT 3", " LIMIT 2 OFFSET 2")
	case n < 85:
		return "SELECT " + pick("count(*)", "min(key), max(key)", "count(*), min(key)") + " FROM kv" + g.where()
	case n < 90:
		return pick("SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "RELEASE a", "RELEASE b")
	case n < 94:
		return pick("BEGIN", "BEGIN DEFERRED", "BEGIN IMMEDIATE")
	}
	return pick("COMMIT", "COMMIT", "ROLLBACK")
}
