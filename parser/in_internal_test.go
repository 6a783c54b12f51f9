// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"
	"strings"
	"testing"
)

// TestInEvaluatesItsLeftSideOnce: also where that is NULL or fails, however many items there are. What
// is evaluated shows in what it has made and loaded.
func TestInEvaluatesItsLeftSideOnce(t *testing.T) {
	const items = 3 * itemsBetweenLooks
	list := " IN ('x'" + strings.Repeat(", 'x'", items-1) + ")"
	value := []byte("Some Value")
	for _, tt := range []struct {
		left string
		arg  Value
		want truth
	}{
		{"lower(value)", Value{}, isFalse},
		{"substr(lower(value), ?1)", Value{Kind: Int, Int: 3}, isFalse},
		{"substr(lower(value), ?1)", Value{}, isUnknown},
		{"substr(lower(value), 1, ?1)", Value{}, isUnknown},
	} {
		l := partLoader{value: value}
		e := Env{Args: []Value{tt.arg}}
		e.SetRow(nil, &l)
		got := compiled(t, "WHERE "+tt.left+list).test(&e)
		if got != tt.want || e.err != nil || len(e.scratch) != len(value) || len(l.loads) != 1 {
			t.Errorf("%s with %v: %v, %v, made %d bytes, loads %d", tt.left, tt.arg, got, e.err, len(e.scratch), len(l.loads))
		}
	}
	fault := errors.New("fault")
	for _, sql := range []string{
		"lower(value)" + list, "value" + strings.ReplaceAll(list, "'x'", "'Some value'"), "'a' IN (lower(value)" + strings.Repeat(", lower(value)", 50) + ")",
		"lower(value) BETWEEN lower(value) AND upper(key)", "lower(value) NOT" + list,
	} {
		l := partLoader{value: value, err: fault}
		var e Env
		e.SetRow([]byte("k"), &l)
		most := 1
		if strings.Contains(sql, "BETWEEN") {
			most = 2 // its operands are few
		}
		if compiled(t, "WHERE "+sql).test(&e); e.err != fault || len(l.loads) > most {
			t.Errorf("%.40s: %v after %d loads", sql, e.err, len(l.loads))
		}
	}
}
