// SPDX-License-Identifier: Apache-2.0

package parser_test

import (
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"point", "SELECT value FROM kv WHERE key = ?"},
		{"range", "SELECT key, value FROM kv WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 10"},
		{"insert", "INSERT INTO kv (key, value) VALUES (?, ?)"},
		{"insert rows=1000", "INSERT INTO kv (key, value) VALUES ('key', 'value')" + strings.Repeat(", ('key', 'value')", 999)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parser.Parse(c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSyntaxError(b *testing.B) {
	for b.Loop() {
		if _, err := parser.Parse("SELECT value FROM kv WERE key = ?"); err == nil {
			b.Fatal("no error")
		}
	}
}

func BenchmarkCacheHit(b *testing.B) {
	var c parser.Cache
	const text = "SELECT value FROM kv WHERE key = ?"
	get(b, &c, text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	args := []parser.Value{
		{Kind: parser.Bytes, Bytes: []byte("user/0001")}, {Kind: parser.Bytes, Bytes: []byte("user/0002")}, {Kind: parser.Bytes, Bytes: []byte("user/0003")},
	}
	for _, c := range []struct{ name, where string }{
		{"point", "key = ?"}, {"interval", "key BETWEEN ? AND ?"}, {"in=3", "key IN (?, ?, ?)"}, {"or", "key < ? OR key > ?"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cache parser.Cache
			p := get(b, &cache, "SELECT key WHERE "+c.where)[0]
			var bounds parser.Bounds
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Keys.Bind(&bounds, args, nil); err != nil || bounds.Len() == 0 {
					b.Fatal(bounds.Len(), err)
				}
			}
		})
	}
}

func BenchmarkFilter(b *testing.B) {
	args := []parser.Value{{Kind: parser.Bytes, Bytes: []byte("needle")}, {Kind: parser.Int, Int: 100}}
	key, value := []byte("user/0001"), []byte("a value of some forty bytes with a needle")
	for _, c := range []struct{ name, where string }{
		{"equal", "value = ?1"}, {"like", "value LIKE '%needle'"}, {"glob", "value GLOB '*[a-z]eedle'"},
		{"cast", "CAST(value AS INTEGER) > ?2"}, {"arithmetic", "length(value) * 2 + 1 < ?2"},
		{"or", "key GLOB '*9' OR value < 'a'"}, {"in=3", "value IN ('a', ?1, 'c')"}, {"lower", "lower(value) = upper(key)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var cache parser.Cache
			p := get(b, &cache, "SELECT key WHERE "+c.where+" AND ?1 = ?1 AND ?2 = ?2")[0]
			e := parser.Env{Args: args}
			b.ReportAllocs()
			for b.Loop() {
				e.SetPair(key, value)
				if _, err := p.Filter.Match(&e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
