package parser_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/parser"
)

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
