package sqlitetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator writes statements of the dialect in which every comparison is between
// operands of one class, because that is checked statically here and not in SQLite.
type generator struct {
	rng  *rand.Rand
	args []any // of the statement being written
	row  bool  // columns may be mentioned
	// excluded may be mentioned.
	excluded bool
}

func (g *generator) pick(list ...string) string { return list[g.rng.IntN(len(list))] }

func (g *generator) one(in int) bool { return g.rng.IntN(in) == 0 }

// word is a key or a value, or a piece of one: short, so that they meet.
func (g *generator) word() string {
	const letters = "aabbAB01259 .-+eE%_*?[]^"
	n := g.rng.IntN(4)
	if g.one(8) {
		n += 6
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[g.rng.IntN(len(letters))]
	}
	return string(b)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (g *generator) param(v any) string {
	g.args = append(g.args, v)
	return "?"
}

func (g *generator) bytes(depth int) string {
	n := g.rng.IntN(14)
	if depth <= 0 {
		n %= 6
	}
	switch n {
	case 0, 1:
		if g.row {
			return g.pick("key", "value", "value", "kv.key", "kv.value")
		}
		return quote(g.word())
	case 2:
		if g.excluded {
			return g.pick("excluded.key", "excluded.value")
		}
		return fmt.Sprintf("x'%x'", g.word())
	case 3:
		if g.one(2) {
			return g.param(g.word())
		}
		return g.param([]byte(g.word()))
	case 4, 5:
		return quote(g.word())
	case 6, 7:
		return "(" + g.any(depth-1) + " || " + g.any(depth-1) + ")"
	case 8:
		return g.pick("lower", "upper", "hex") + "(" + g.any(depth-1) + ")"
	case 9, 10:
		s := "substr(" + g.any(depth-1) + ", " + g.any(depth-2)
		if g.one(2) {
			s += ", " + g.any(depth-2)
		}
		return s + ")"
	case 11:
		return "CAST(" + g.any(depth-1) + " AS " + g.pick("TEXT", "BLOB") + ")"
	case 12:
		return "+ " + g.bytes(depth-1)
	}
	return "(" + g.bytes(depth-1) + ")"
}

func (g *generator) number(depth int) string {
	n := g.rng.IntN(14)
	if depth <= 0 {
		n %= 4
	}
	switch n {
	case 0:
		return fmt.Sprint(g.rng.IntN(20) - 5)
	case 1:
		return g.pick("0", "1", "-1", "2.5", "-0.5", "1e3", "0.0", "1e19", "-1e19", "9e999", "9223372036854775807",
			"-9223372036854775808", "9223372036854775806", "4294967296", "0x10", "9007199254740993", "9007199254740992.0")
	case 2:
		switch g.rng.IntN(4) {
		case 0:
			return g.param(float64(g.rng.IntN(40))/4 - 3)
		case 1:
			return g.param(g.one(2))
		}
		return g.param(int64(g.rng.IntN(20) - 5))
	case 3, 4:
		return "length(" + g.any(depth-1) + ")"
	case 5:
		return "- " + g.any(depth-1)
	case 6:
		return "CAST(" + g.any(depth-1) + " AS " + g.pick("INTEGER", "INTEGER", "REAL") + ")"
	case 7:
		return "+ " + g.number(depth-1)
	}
	return "(" + g.any(depth-1) + " " + g.pick("+", "-", "*", "/", "%") + " " + g.any(depth-1) + ")"
}

func (g *generator) any(depth int) string {
	if g.one(2) {
		return g.bytes(depth)
	}
	return g.number(depth)
}

// subject is what a condition often begins with, so that intervals come of it.
func (g *generator) subject(depth int) string {
	if g.row && g.one(2) {
		return "key"
	}
	return g.bytes(depth)
}

func (g *generator) condition(depth int) string {
	not := g.pick("", "", "NOT ")
	n := g.rng.IntN(16)
	if depth <= 0 {
		n %= 10
	}
	switch n {
	case 0, 1:
		return g.subject(depth) + " " + g.comparison() + " " + g.bytes(depth)
	case 2:
		return g.bytes(depth) + " " + g.comparison() + " " + g.subject(depth)
	case 3:
		return g.number(depth) + " " + g.comparison() + " " + g.number(depth)
	case 4:
		return g.subject(depth) + " " + not + "BETWEEN " + g.bytes(depth) + " AND " + g.bytes(depth)
	case 5:
		return g.number(depth) + " " + not + "BETWEEN " + g.number(depth-1) + " AND " + g.number(depth-1)
	case 6:
		return g.subject(depth) + " " + not + "IN (" + g.list(func() string { return g.bytes(depth - 1) }) + ")"
	case 7:
		return g.number(depth) + " " + not + "IN (" + g.list(func() string { return g.number(depth - 1) }) + ")"
	case 8:
		return g.subject(depth) + " " + not + "LIKE " + g.like(depth-1)
	case 9:
		return g.subject(depth) + " " + not + "GLOB " + g.glob(depth-1)
	case 10:
		return "NOT " + g.condition(depth-1)
	}
	return not + "(" + g.condition(depth-1) + g.pick(" AND ", " OR ") + g.condition(depth-1) + ")"
}

func (g *generator) like(depth int) string {
	if g.one(2) {
		return g.any(depth)
	}
	return quote(g.pick("a", "", "A", "1", "a_") + "%" + g.pick("", "", "b", "_"))
}

func (g *generator) glob(depth int) string {
	switch g.rng.IntN(4) {
	case 0:
		return g.any(depth)
	case 1:
		return quote(g.pick("a", "b", "", "A") + "*")
	case 2:
		return quote(g.pick("a", "b", "", "A")) + " || '*'"
	}
	return g.param(g.pick("a", "b", "", "[a-b]", "[^a]", "?") + g.pick("*", "", "*b", "?*", "**"))
}

func (g *generator) comparison() string { return g.pick("=", "==", "!=", "<>", "<", "<=", ">", ">=") }

func (g *generator) list(item func() string) string {
	var out []string
	for range g.rng.IntN(4) {
		out = append(out, item())
	}
	return strings.Join(out, ", ")
}

// where writes a WHERE clause, or none.
func (g *generator) where() string {
	g.row = true
	if g.one(6) {
		return ""
	}
	return " WHERE " + g.condition(g.rng.IntN(4))
}

func (g *generator) results(aggregates bool) string {
	var out []string
	for range 1 + g.rng.IntN(3) {
		switch {
		case aggregates:
			out = append(out, g.pick("count(*)", "min(key)", "max(key)"))
		case g.one(4):
			out = append(out, "*")
		case g.one(2):
			out = append(out, g.pick("key", "value"))
		default:
			out = append(out, g.any(3))
		}
	}
	return strings.Join(out, ", ")
}

func (g *generator) returning() string {
	if !g.one(3) {
		return ""
	}
	g.row, g.excluded = true, false
	return " RETURNING " + g.results(false)
}

// statement writes a statement and its arguments.
func (g *generator) statement() (string, []any) {
	g.args, g.row, g.excluded = nil, true, false
	var s string
	switch n := g.rng.IntN(20); {
	case n < 8:
		s = g.selectStatement()
	case n < 13:
		s = g.insert()
	case n < 15:
		s = "UPDATE " + g.pick("", "kv ") + "SET value = " + g.any(3) + g.where() + g.returning()
	case n < 17:
		s = "DELETE" + g.pick("", " FROM kv") + " WHERE " + g.condition(g.rng.IntN(4)) + g.returning()
	default:
		s = g.pick("BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SAVEPOINT b", "RELEASE a", "RELEASE b",
			"ROLLBACK TO a", "ROLLBACK TO b")
	}
	return s, g.args
}

func (g *generator) selectStatement() string {
	if g.one(8) { // without the table
		g.row = false
		s := "SELECT " + g.any(3)
		if g.one(2) {
			s += " WHERE " + g.condition(2)
		}
		return s
	}
	s := "SELECT " + g.results(g.one(4)) + g.pick("", " FROM kv") + g.where()
	s += g.pick("", " ORDER BY key", " ORDER BY key DESC", " ORDER BY kv.key ASC")
	if g.one(4) {
		s += fmt.Sprintf(" LIMIT %d", g.rng.IntN(8)-1)
		if g.one(2) {
			s += fmt.Sprintf(" OFFSET %d", g.rng.IntN(5)-1)
		}
	}
	return s
}

func (g *generator) insert() string {
	g.row = false
	key := func() string {
		if g.one(3) {
			return g.bytes(2)
		}
		return quote(g.word())
	}
	value := func() string { return g.any(g.rng.IntN(3)) }
	s := g.pick("INSERT", "INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ABORT", "REPLACE") + g.pick("", " INTO kv")
	swapped := g.one(4)
	if swapped {
		s += " (value, key)"
	}
	s += " VALUES "
	for i := range 1 + g.rng.IntN(3) {
		if i > 0 {
			s += ", "
		}
		if swapped {
			s += "(" + value() + ", " + key() + ")"
		} else {
			s += "(" + key() + ", " + value() + ")"
		}
	}
	switch g.rng.IntN(6) {
	case 0:
		s += " ON CONFLICT" + g.pick("", " (key)") + " DO NOTHING"
	case 1, 2:
		g.row, g.excluded = true, true
		s += " ON CONFLICT" + g.pick("", " (key)") + " DO UPDATE SET value = " + g.any(3)
	}
	return s + g.returning()
}
