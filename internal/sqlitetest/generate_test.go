// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"fmt"
	"math"
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

// call writes a call: mostly one statement, sometimes several.
func (g *generator) call() call {
	g.args, g.tokens = nil, nil
	n := 1
	if g.one(8) {
		n = 2 + g.rng.IntN(2)
	}
	var list []string
	for range n {
		list = append(list, g.statement())
	}
	c := call{strings.Join(list, "; "), g.args}
	switch {
	case n > 1:
		c.text = g.dress(c.text)
	case g.one(3): // without needless parentheses
		if list, err := parser.Parse(c.text); err == nil && len(list) == 1 {
			c.text = list[0].String()
		}
	case g.one(3):
		c.text = g.dress(c.text)
	}
	return c
}

// dress changes how a text is written and not what it says: the case of words, quotes
// around names, blanks and comments.
func (g *generator) dress(text string) string {
	var b strings.Builder
	style := g.rng.IntN(4)
	for i := 0; i < len(text); {
		c := text[i]
		end := i + 1
		switch {
		case c == '\'':
			for text[end] != '\'' {
				end++
			}
			end++
			b.WriteString(text[i:end])
		case c == ' ':
			b.WriteString(g.pick(" ", " ", " ", " ", "\n", "\t", "\r\n  ", " /* ; ' */ ", " -- ' ; )\n"))
		case isWordStart(c):
			for end < len(text) && (isWordStart(text[end]) || text[end] >= '0' && text[end] <= '9') {
				end++
			}
			hex := end < len(text) && text[end] == '\''
			after := i > 0 && strings.ContainsRune(":@$0123456789.\"", rune(text[i-1])) && !(text[i-1] == '.' && isColumn(text[i:end]))
			if hex || after {
				b.WriteString(text[i:end])
			} else {
				b.WriteString(g.dressWord(text[i:end], style))
			}
		default:
			b.WriteByte(c)
		}
		i = end
	}
	return b.String() + g.pick("", "", ";", " ; ;", " -- end", " /* open")
}

func isWordStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func isColumn(word string) bool { return word == "key" || word == "value" }

// dressWord writes a keyword or a name in another way.
func (g *generator) dressWord(word string, style int) string {
	quotable := false
	switch word {
	case "key", "value", "kv", "excluded", "length", "hex", "lower", "upper", "substr", "count", "min", "max":
		quotable = true
	}
	if quotable && g.one(4) {
		switch g.rng.IntN(3) {
		case 0:
			return `"` + word + `"`
		case 1:
			return "[" + word + "]"
		}
		return "`" + word + "`"
	}
	switch style {
	case 0:
		return strings.ToLower(word)
	case 1:
		return word[:1] + strings.ToLower(word[1:])
	case 2:
		if g.one(2) {
			return strings.ToUpper(word)
		}
	}
	return word
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
		alias := g.pick("", "", "", "", "", " AS k", " n", ` AS "first name"`, " AS like", " x_1", " 'x 1'", " AS 'k'")
		switch {
		case aggregates:
			out = append(out, g.pick("count(*)", "min(key)", "max(key)", "max(kv.key)")+alias)
		case g.one(4):
			out = append(out, "*")
		case g.one(2):
			out = append(out, g.pick("key", "value", "kv.key", "kv.value")+alias)
		default:
			out = append(out, g.any(3)+alias)
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

// statement writes a statement.
func (g *generator) statement() string {
	g.row, g.excluded = true, false
	explain := ""
	if g.one(40) {
		explain = g.pick("EXPLAIN ", "EXPLAIN QUERY PLAN ")
	}
	switch n := g.rng.IntN(100); {
	case n < 38:
		return explain + g.selectStatement()
	case n < 65:
		return explain + g.insert()
	case n < 75:
		return explain + "UPDATE " + g.pick("", "kv ") + "SET value = " + g.any(3) + g.where() + g.returning()
	case n < 85:
		s := "DELETE" + g.pick("", " FROM kv")
		if !g.one(12) {
			s += " WHERE " + g.condition(g.rng.IntN(4))
		}
		return explain + s + g.returning()
	case n < 86:
		return "CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID"
	}
	return g.transaction()
}

// transaction writes a statement that mostly fits what is open. There is one connection.
//
// differs: writer
func (g *generator) transaction() string {
	transaction := g.pick("", " TRANSACTION")
	end := g.pick("COMMIT", "COMMIT", "END", "ROLLBACK") + transaction
	begin := "BEGIN" + g.pick("", " DEFERRED", " IMMEDIATE", " EXCLUSIVE") + transaction
	name := g.pick("a", "a", "b", "A", "b", "c", "'a'", "'B'")
	savepoint := "SAVEPOINT " + name
	release := "RELEASE " + g.pick("", "SAVEPOINT ") + name
	rollback := "ROLLBACK " + g.pick("", "TRANSACTION ") + "TO " + g.pick("", "SAVEPOINT ") + name
	switch n := g.rng.IntN(12); {
	case !g.open && n < 9:
		g.open = true
		return g.pick(begin, begin, savepoint)
	case n < 3:
		g.open = false
		return end
	case n < 6:
		return savepoint
	case n < 8:
		return release
	case n < 11:
		return rollback
	}
	return g.pick(begin, end, release)
}

func (g *generator) selectStatement() string {
	if g.one(8) { // without the table
		g.row = false
		s := "SELECT " + g.any(3)
		if g.one(2) {
			s += " WHERE " + g.condition(2)
		}
		return s + g.limit()
	}
	s := "SELECT " + g.results(g.one(4)) + g.pick("", " FROM kv", " FROM kv", " FROM 'kv'") + g.where()
	return s + g.pick("", " ORDER BY key", " ORDER BY key DESC", " ORDER BY kv.key ASC") + g.limit()
}

// limit writes LIMIT and OFFSET, or neither.
func (g *generator) limit() string {
	if !g.one(4) {
		return ""
	}
	s := " LIMIT " + g.count(8)
	if g.one(2) {
		s += " OFFSET " + g.count(5)
	}
	return s
}

func (g *generator) count(most int) string {
	n := int64(g.rng.IntN(most) - 1)
	if g.one(10) {
		n = []int64{math.MaxInt64, math.MinInt64, math.MaxInt32 + 1, math.MaxInt64 - 1, -2}[g.rng.IntN(5)]
	}
	switch g.rng.IntN(5) {
	case 0, 1:
		return g.param(n)
	case 2:
		if n >= 0 {
			return fmt.Sprintf("+%d", n)
		}
	}
	return fmt.Sprint(n)
}

func (g *generator) insert() string {
	g.row = false
	key := func() string {
		switch {
		case g.numbers:
			return g.integer()
		case g.one(3):
			return g.bytes(2)
		}
		return quote(g.word())
	}
	value := func() string { return g.any(g.rng.IntN(3)) }
	s := g.pick("INSERT", "INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ABORT", "REPLACE") + g.pick("", " INTO kv")
	swapped := g.one(4)
	s += map[bool]string{true: " (value, key)", false: g.pick("", " (key, value)")}[swapped] + " VALUES "
	for i := range 1 + g.rng.IntN(4) {
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

// integer writes a number that can be a key. One with a fraction cannot, and that is not
// so in SQLite.
//
// differs: keys
func (g *generator) integer() string {
	switch g.rng.IntN(8) {
	case 0:
		return g.param(int64(g.rng.IntN(20) - 5))
	case 1:
		return "CAST(" + g.any(2) + " AS INTEGER)"
	case 2:
		return "length(" + g.any(1) + ")"
	case 3:
		return g.pick("9223372036854775807", "-9223372036854775808", "0x10", "2.0", "-0.0", "1e2", "4294967296", "(1 / 0) % 2")
	}
	return fmt.Sprint(g.rng.IntN(20) - 5)
}
