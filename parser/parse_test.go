// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

// TestLimits gives each limit a text that keeps it, where that is cheap, and one that
// does not.
func TestLimits(t *testing.T) {
	nest := func(n int) string {
		return "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n)
	}
	many := func(unit string, n int) string { return "SELECT 1" + strings.Repeat(unit, n) }
	for _, c := range []struct {
		name, text, err string
	}{
		{"parentheses at the limit", nest(parser.MaxNesting), ""},
		{"parentheses beyond", nest(parser.MaxNesting + 1), "parentheses nest deeper than 1000"},
		{"ten thousand parentheses", nest(10000), "parentheses nest deeper than 1000"},
		{"only opening ones", strings.Repeat("(", 10000), "parentheses nest deeper than 1000"},
		{"operators at the limit", many("+1", parser.MaxNesting-1), ""},
		{"operators beyond", many("+1", parser.MaxNesting), "operators nest deeper than 1000"},
		{"prefixes beyond", "SELECT " + strings.Repeat("- ", 10000) + "key", "operators nest deeper than 1000"},
		{"NOT as right operand", many(" = NOT 1", 3000), "operators nest deeper than 1000"},
		{"functions and parentheses", "SELECT " + strings.Repeat("f((", 400) + "1" + strings.Repeat("))", 400), ""},
		{"a long chain does not nest", "SELECT key WHERE key = 'a'" + strings.Repeat(" OR key = 'b' AND key > 'c'", 2000), ""},
		{"parameter beyond", "SELECT ?32766, ?", "more than 32766 parameters"},
		{"tokens of a text", "SELECT key WHERE key IN (1" + strings.Repeat(",1", parser.MaxTokens/2) + ")", "the text has more than 262144 tokens"},
		{"statements of a text", strings.Repeat("BEGIN;", parser.MaxStatements+1), "the text has more than 32768 statements"},
		{"statements at the limit", strings.Repeat("BEGIN;", parser.MaxStatements), ""},
		{"tokens to parse", many(",1", parser.MaxParsedTokens/2),
			"the text has more than 16384 tokens to parse, lists of values and statements like others in it not counted; split it"},
		{"tokens to parse, in statements", strings.Repeat("SELECT 1+1;", parser.MaxParsedTokens/5), ""},
		{"values at the limit", "SELECT key WHERE key IN (1" + strings.Repeat(",1", parser.MaxTokens/2-5) + ")", ""},
		{"bytes at the limit", "SELECT '" + strings.Repeat("x", parser.MaxTextBytes-9) + "'", ""},
		{"bytes beyond", "SELECT '" + strings.Repeat("x", parser.MaxTextBytes-8) + "'", "the text is longer than 16777216 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parser.Parse(c.text)
			if c.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var pe *parser.Error
			if !errors.As(err, &pe) || pe.Msg != c.err {
				t.Fatalf("error %v, want %s", err, c.err)
			}
			if want := strings.HasPrefix(c.name, "tokens") || strings.HasPrefix(c.name, "statements") || strings.HasPrefix(c.name, "bytes"); pe.TooBig != want {
				t.Errorf("TooBig is %v", pe.TooBig)
			}
			if len(err.Error()) > 500 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestErrorFields(t *testing.T) {
	_, err := parser.Parse("SELECT 1;\n\tSELECT 'é', * FORM kv")
	var pe *parser.Error
	if !errors.As(err, &pe) {
		t.Fatal(err)
	}
	if pe.Line != 2 || pe.Column != 16 || pe.Offset != 26 || pe.Token != "FORM" {
		t.Errorf("line %d, column %d, offset %d, token %q", pe.Line, pe.Column, pe.Offset, pe.Token)
	}
	if got, want := fmt.Sprint(pe.Expected), `["," FROM WHERE ORDER LIMIT the end of the statement]`; got != want {
		t.Errorf("expected %s, want %s", got, want)
	}
}

func TestExpectedAfterLongLists(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"INSERT VALUES" + strings.Repeat("('a', 1), ", 1000) + "('a', 1", `[an operator ")"]`},
		{"INSERT VALUES" + strings.Repeat("('a', 1), ", 1000) + "('a')", `[an operator ","]`},
		{"SELECT " + strings.Repeat("count(*), ", 1000) + "count(*) FROM", "[a name]"},
		{"DELETE WHERE key IN (" + strings.Repeat("'a', ", 1000) + "'b') FROM", "[AND OR RETURNING the end of the statement]"},
	} {
		_, err := parser.Parse(c.text)
		var pe *parser.Error
		if !errors.As(err, &pe) {
			t.Fatalf("error %v", err)
		}
		if got := fmt.Sprint(pe.Expected); got != c.want {
			t.Errorf("…%s: expected %s, want %s", c.text[len(c.text)-20:], got, c.want)
		}
	}
}

func TestStatementsShareOneNumbering(t *testing.T) {
	var c parser.Cache
	plans, err := c.Get("INSERT INTO kv VALUES (?, :a); /* and */ SELECT value WHERE key = ? OR key IN (?2, :a, @a);")
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) != 2 {
		t.Fatalf("%d plans, want 2", len(plans))
	}
	if got := plans[0].Rows[0]; got[0].Param != 1 || got[1].Param != 2 {
		t.Errorf("row takes parameters %d and %d, want 1 and 2", got[0].Param, got[1].Param)
	}
	for _, p := range plans {
		if p.NumInput != 4 || len(p.Names) != 4 || p.Names[1] != "a" || p.Names[2] != "" || p.Names[3] != "a" {
			t.Errorf("NumInput %d, Names %q", p.NumInput, p.Names)
		}
	}
}
