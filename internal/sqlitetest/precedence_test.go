// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go"
)

// The rewriting puts parentheses around everything, by the tree that the dialect's own
// parser has made. So it cannot find out that this parser takes an operator for one that
// binds tighter than another. TestPrecedence can: it runs texts that need no rewriting on
// SQLite as they are.

// flat writes operands with operators between them in any order, most of it without
// parentheses. There are no reals among them, because their text is a difference.
//
// differs: reals
func (g *generator) flat(depth int) string {
	var b strings.Builder
	for n := g.rng.IntN(5); ; n-- {
		for g.one(4) {
			b.WriteString(g.pick("- ", "+ ", "NOT ", "-", "+"))
		}
		switch {
		case depth > 0 && g.one(8):
			b.WriteString("(" + g.flat(depth-1) + ")")
		case depth > 0 && g.one(10):
			b.WriteString(g.pick("length(", "hex(", "lower(") + g.flat(depth-1) + ")")
		default:
			b.WriteString(g.pick("0", "1", "2", "3", "7", "'a'", "'1'", "'12b'", "''", "'a%'"))
		}
		if n <= 0 {
			return b.String()
		}
		switch op := g.pick("||", "*", "/", "%", "+", "-", "<", "<=", ">", ">=", "=", "==", "!=", "<>",
			"AND", "OR", "AND", "OR", "LIKE", "GLOB", "NOT LIKE", "NOT GLOB", "IN", "NOT IN", "BETWEEN", "NOT BETWEEN"); op {
		case "IN", "NOT IN":
			b.WriteString(" " + op + " (" + g.pick("", "1", "1, 2, 3", "'a', 'b'", g.flat(0)) + ")")
			b.WriteString(g.pick(" AND ", " OR ", " = ", " < ", " || "))
		case "LIKE", "NOT LIKE":
			b.WriteString(" " + op + " ")
			if g.one(3) {
				b.WriteString(g.flat(0) + " ESCAPE ")
			}
		case "BETWEEN", "NOT BETWEEN":
			b.WriteString(" " + op + " " + g.flat(0) + " AND ")
		default:
			b.WriteString(" " + op + " ")
		}
	}
}

// TestPrecedence runs expressions on both as they are written. What the dialect refuses,
// because it checks classes, says nothing; what it takes must mean the same.
func TestPrecedence(t *testing.T) {
	p, err := newPair(place{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	g := generator{rng: rand.New(rand.NewPCG(*from, 1))}
	taken, tries := 0, max(2_000, *statements/2)
	for range tries {
		text := "SELECT " + g.flat(2)
		if g.one(2) {
			text = "SELECT 1 WHERE " + g.flat(2)
		}
		got := p.driver.ask(text, nil, true)
		want := p.sqlite.ask(text, nil, true)
		if errors.Is(got.err, lsmlite.ErrSyntax) && want.err == nil {
			continue
		}
		// The quotes tell bytes from text, which is one class here.
		plain := func(o *outcome) string { return strings.ReplaceAll(strings.Join(o.rows, ";"), `"`, "") }
		if (got.err == nil) != (want.err == nil) || plain(got) != plain(want) {
			t.Fatalf("%s\n the driver: %s\n SQLite:     %s", text, got, want)
		}
		if got.err == nil {
			taken++
		}
	}
	t.Logf("%d expressions of %d were compared", taken, tries)
	if taken*10 < tries {
		t.Error("the dialect takes too few of the expressions")
	}
}
