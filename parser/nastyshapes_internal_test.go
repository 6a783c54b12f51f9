// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"fmt"
	"strings"
)

// nasty are shapes of SQL that are hard on some  Each makes a text of about size
// bytes.
var nasty = []struct {
	name string
	text func(size int) string
}{
	{"open parentheses", func(n int) string { return "SELECT " + strings.Repeat("(", n) }},
	{"balanced parentheses", func(n int) string { return "SELECT " + strings.Repeat("(", n/2) + "1" + strings.Repeat(")", n/2) }},
	{"parentheses beside each other", repeated("SELECT 1", ",((((1))))", "")},
	{"parentheses at the limit", repeated("SELECT 1", ","+strings.Repeat("(", 999)+"1"+strings.Repeat(")", 999), "")},
	{"closing parentheses", repeated("SELECT 1", ")", "")},
	{"NOT", repeated("SELECT key WHERE ", "NOT ", "1 = 1")},
	{"NOT and operators", repeated("SELECT 1", " = NOT 1", "")},
	{"minus", repeated("SELECT ", "- ", "key")},
	{"plus and minus", repeated("SELECT ", "+-", "1")},
	{"concatenation", repeated("SELECT key", "||'a'", "")},
	{"concatenation at the limit", repeated("SELECT key", ","+strings.Repeat("'a'||", 990)+"key", "")},
	{"AND", repeated("SELECT key WHERE key > 'a'", " AND key != 'b'", "")},
	{"OR", repeated("SELECT key WHERE key = 'a'", " OR key = 'b'", "")},
	{"OR of values", repeated("SELECT key WHERE value = 'a'", " OR value = 'b'", "")},
	{"AND and OR by turns", repeated("SELECT key WHERE key > 'a'", " AND value > 'b' OR key < 'c'", "")},
	{"AND of OR", repeated("SELECT key WHERE key > 'a'", " AND (key < 'b' OR key > 'c')", "")},
	{"OR of AND", repeated("SELECT key WHERE key > 'a'", " OR (key > 'b' AND key < 'c')", "")},
	{"nested AND and OR", func(n int) string {
		return "SELECT key WHERE " + strings.Repeat("(key > 'a' OR (key < 'b' AND ", 400) + "key = 'c'" + strings.Repeat("))", 400) + strings.Repeat(" OR key = 'd'", max(0, n/13-1000))
	}},
	{"BETWEEN", repeated("SELECT key WHERE key = 'x'", " OR key BETWEEN 'a' AND 'b'", "")},
	{"BETWEEN in itself", repeated("SELECT 1", " BETWEEN 1 AND 1", "")},
	{"IN list", repeated("SELECT key WHERE key IN ('a'", ",'bcdef'", ")")},
	{"NOT IN list", repeated("SELECT key WHERE key NOT IN ('a'", ",'bcdef'", ")")},
	{"IN lists", repeated("SELECT key WHERE key IN ('a')", " AND key NOT IN ('b', 'c')", "")},
	{"IN list of parameters", func(n int) string { return "SELECT key WHERE key IN (?" + strings.Repeat(",?", min(n/2, 32000)) + ")" }},
	{"IN list of values", repeated("SELECT key WHERE value IN ('a'", ",key", ")")},
	{"open text", repeated("SELECT '", "a", "")},
	{"text of quotes", repeated("SELECT '", "''", "'")},
	{"open text of quotes", repeated("SELECT '", "''", "")},
	{"texts", repeated("SELECT 'a'", ",'a'", "")},
	{"open blob", repeated("SELECT x'", "00", "")},
	{"open name", repeated("SELECT \"", "a", "")},
	{"open bracket", repeated("SELECT [", "a", "")},
	{"open brackets", repeated("SELECT ", "[", "")},
	{"open comment", repeated("SELECT 1 /*", "*/*", "")},
	{"comments", repeated("SELECT 1", "/**/", "")},
	{"line comments", repeated("SELECT 1", "--\n", "")},
	{"line comment", repeated("SELECT 1 --", "-", "")},
	{"one name", repeated("SELECT ", "a", "")},
	{"one number", repeated("SELECT ", "9", "")},
	{"one real", repeated("SELECT 1.", "9", "e5")},
	{"large exponent", repeated("SELECT 1e", "9", "")},
	{"one hexadecimal number", repeated("SELECT 0x", "f", "")},
	{"leading zeros", repeated("SELECT 0x", "0", "1")},
	{"blanks", repeated("SELECT", " ", "1")},
	{"lines", repeated("SELECT", "\n", "1 1")},
	{"statements", repeated("", "SELECT 1;", "")},
	{"empty statements", repeated("", ";", "")},
	{"wrong statements", repeated("", "SELECT;", "")},
	{"savepoints", repeated("", "SAVEPOINT a;", "")},
	{"rows", repeated("INSERT INTO kv VALUES ('a', 1)", ",('abc', 2)", "")},
	{"computed rows", repeated("INSERT INTO kv VALUES ('a', 1)", ",('a' || ?1, length(?2))", "")},
	{"results", repeated("SELECT key", ",key AS a", "")},
	{"results of stars", repeated("SELECT *", ",*", "")},
	{"RETURNING", repeated("DELETE RETURNING key", ",value || key", "")},
	{"parameters", repeated("SELECT ?", ",?", "")},
	{"one parameter", repeated("SELECT ?", ",?1", "")},
	{"large parameters", repeated("SELECT ?1", ",?32766", "")},
	{"named parameters", func(n int) string {
		var b strings.Builder
		b.WriteString("SELECT 1")
		for i := 0; b.Len() < n && i < 32000; i++ {
			fmt.Fprintf(&b, ",:name%d", i)
		}
		return b.String()
	}},
	{"functions in each other", repeated("SELECT ", "lower(", "key")},
	{"functions at the limit", repeated("SELECT 1", ","+strings.Repeat("hex(", 990)+"key"+strings.Repeat(")", 990), "")},
	{"many arguments", repeated("SELECT substr(key", ",1", ")")},
	{"CAST", repeated("SELECT ", "CAST(", "key")},
	{"LIKE after LIKE", repeated("SELECT key WHERE key", " LIKE 'a'", "")},
	{"GLOB and GLOB", repeated("SELECT key WHERE key GLOB 'a*'", " AND key GLOB 'ab*'", "")},
	{"LIKE with ESCAPE", repeated("SELECT key WHERE key LIKE 'a\\%' ESCAPE '\\'", " AND key LIKE 'a' ESCAPE 'b'", "")},
	{"ESCAPE after ESCAPE", repeated("SELECT key WHERE key LIKE 'a'", " ESCAPE 'a'", "")},
	{"long pattern of escapes", func(n int) string {
		return "SELECT key WHERE key LIKE '" + strings.Repeat("__", min(n, MaxPatternBytes)/2) + "' ESCAPE '_'"
	}},
	{"different statements", func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString("SELECT 1")
			for bit := range 12 {
				b.WriteString([]string{"+", "-"}[i>>bit&1] + "1")
			}
			b.WriteString(";")
		}
		return b.String()
	}},
	{"lines and an error in each list", repeated("SELECT key WHERE key IN (1", ",\n1", "\n, )")},
	{"NOT GLOB", repeated("SELECT key WHERE key GLOB 'a*'", " OR key NOT GLOB 'ab*'", "")},
	{"constants", repeated("SELECT key WHERE 1 = 1", " AND 2 > 1", "")},
	{"bytes that begin nothing", repeated("SELECT ", "\x00", "")},
	{"bytes that are not UTF-8", repeated("SELECT ", "\xff", "")},
	{"error at the end", repeated("SELECT key WHERE key = 'a'", " OR key = 'b'", " OR")},
	{"error at the end of lines", repeated("SELECT key WHERE key = 'a'", "\nOR key = 'b'", "\nOR )")},
	{"PRAGMA", repeated("PRAGMA work(1", ",1", ")")},
}

// repeated repeats the middle of a text.
func repeated(head, unit, tail string) func(size int) string {
	return func(size int) string {
		return head + strings.Repeat(unit, size/len(unit)) + tail
	}
}
