// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// generator writes calls of the dialect in which every comparison is between operands of
// one class, because that is checked statically here and not in SQLite. It writes nothing that
// only SQLite has, and no integers, names and texts that are refused here.
//
// differs: classes, null, grammar, integers, names, limits
type generator struct {
	rng *rand.Rand
	// args are those of the text being written, by the numbers of their parameters, and
	// tokens what the parameters are called there.
	args   []any
	tokens []string
	row    bool // columns may be mentioned
	// excluded may be mentioned.
	excluded bool
	// binary is set where bytes may be NUL or not ASCII. GLOB and LIKE are left out there.
	//
	// differs: patterns
	binary bool
	// numbers is set where keys are numbers.
	numbers bool
	// open is true if a transaction may be open.
	open bool
}

func (g *generator) pick(list ...string) string { return list[g.rng.IntN(len(list))] }

func (g *generator) one(in int) bool { return g.rng.IntN(in) == 0 }

// word is a key or a value, or a piece of one: short, so that they meet.
func (g *generator) word() string {
	const letters = "aabbAB01259 .-+eE%_*?[]^'\""
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

// param writes a parameter for v, or one that has an argument of the same class already.
func (g *generator) param(v any) string {
	if n := len(g.args); n > 0 && g.one(5) {
		if i := g.rng.IntN(n); argClass(g.args[i]) == argClass(v) {
			if g.tokens[i] != "" {
				return g.tokens[i]
			}
			return fmt.Sprintf("?%d", i+1)
		}
	}
	g.args, g.tokens = append(g.args, v), append(g.tokens, "")
	n := len(g.args)
	switch g.rng.IntN(6) {
	case 0:
		return fmt.Sprintf("?%d", n)
	case 1:
		name := fmt.Sprintf("%c%d", 'a'+rune(g.rng.IntN(3)), n)
		g.args[n-1] = sql.Named(name, v)
		g.tokens[n-1] = g.pick(":", "@", "$") + name
		return g.tokens[n-1]
	case 2: // leaves a number out, which has an argument nevertheless
		g.args, g.tokens = append(g.args, v), append(g.tokens, "")
		return fmt.Sprintf("?%d", n+1)
	}
	return "?"
}

// argClass tells bytes, integers and reals apart.
func argClass(v any) int {
	if n, ok := v.(sql.NamedArg); ok {
		v = n.Value
	}
	switch v.(type) {
	case int64, bool:
		return 1
	case float64:
		return 2
	}
	return 0
}

func (g *generator) bytes(depth int) string {
	n := g.rng.IntN(14)
	if depth <= 0 {
		n %= 6
	}
	switch n {
	case 0, 1:
		switch {
		case g.row && g.numbers:
			return g.pick("value", "kv.value")
		case g.row:
			return g.pick("key", "value", "value", "kv.key", "kv.value")
		}
		return quote(g.word())
	case 2:
		switch {
		case g.excluded && g.numbers:
			return "excluded.value"
		case g.excluded:
			return g.pick("excluded.key", "excluded.value")
		}
		if g.binary && g.one(2) {
			return g.pick("x'00'", "x'ff'", "x'6100'", "x'c3a9'", "x'e697a5'", "x'6180'", "X''")
		}
		return fmt.Sprintf("x'%x'", g.word())
	case 3:
		switch g.rng.IntN(9) {
		case 0:
			return g.param(time.Unix(int64(g.rng.IntN(3)), 5e8))
		case 1, 2, 3, 4:
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
	if g.numbers && g.row && g.one(4) {
		if g.excluded && g.one(2) {
			return "excluded.key"
		}
		return g.pick("key", "key", "kv.key")
	}
	n := g.rng.IntN(14)
	if depth <= 0 {
		n %= 4
	}
	switch n {
	case 0:
		return fmt.Sprint(g.rng.IntN(20) - 5)
	case 1:
		return g.pick("0", "1", "-1", "2.5", ".5", "1e-3", "1E+2", "+3", "0XfF", "-0x1", "-0.0", "-0.5", "1e3", "0.0", "1e19", "-1e19", "9e999", "9223372036854775807",
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
	return g.other(depth)
}

// other is what key is compared with.
func (g *generator) other(depth int) string {
	if g.numbers {
		return g.number(depth)
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
		return g.subject(depth) + " " + g.comparison() + " " + g.other(depth)
	case 2:
		return g.other(depth) + " " + g.comparison() + " " + g.subject(depth)
	case 3:
		if g.numbers {
			return g.bytes(depth) + " " + g.comparison() + " " + g.bytes(depth)
		}
		return g.number(depth) + " " + g.comparison() + " " + g.number(depth)
	case 4:
		return g.subject(depth) + " " + not + "BETWEEN " + g.other(depth) + " AND " + g.other(depth)
	case 5:
		return g.number(depth) + " " + not + "BETWEEN " + g.number(depth-1) + " AND " + g.number(depth-1)
	case 6:
		return g.subject(depth) + " " + not + "IN (" + g.list(func() string { return g.other(depth - 1) }) + ")"
	case 7:
		return g.number(depth) + " " + not + "IN (" + g.list(func() string { return g.number(depth - 1) }) + ")"
	case 8, 9:
		if g.binary {
			return g.other(depth) + " " + g.comparison() + " " + g.subject(depth)
		}
		if n == 9 {
			return g.subject(depth) + " " + not + "GLOB " + g.glob(depth-1)
		}
		return g.subject(depth) + " " + not + "LIKE " + g.like(depth-1)
	case 10:
		return "NOT " + g.condition(depth-1)
	}
	return not + "(" + g.condition(depth-1) + g.pick(" AND ", " OR ") + g.condition(depth-1) + ")"
}

func (g *generator) like(depth int) string {
	if g.one(3) {
		return g.any(depth) + g.escape()
	}
	if g.one(3) {
		character := g.pick("!", "!", "%", "_", "a", "E")
		return quote(g.pick("a", "", "A!", "a_", "%")+character+g.pick("", "%", "_", "a", "!", "B")+g.pick("", "%")) + " ESCAPE " + quote(character)
	}
	return quote(g.pick("a", "", "A", "1", "a_") + "%" + g.pick("", "", "b", "_"))
}

// escape writes ESCAPE with one character, or nothing. More than one are refused here before
// anything runs.
//
// differs: classes
func (g *generator) escape() string {
	switch g.rng.IntN(6) {
	case 0, 1, 2:
		return ""
	case 3:
		// A parameter of its own, because that of another may be longer.
		g.args, g.tokens = append(g.args, int64(g.rng.IntN(3))), append(g.tokens, "")
		return fmt.Sprintf(" ESCAPE ?%d", len(g.args))
	}
	return " ESCAPE " + g.pick("'!'", "'%'", "'_'", "7", "lower('A')", "substr('abc', 2, 1)", "1 / 0")
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
