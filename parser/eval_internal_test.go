// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"fmt"
	"strings"
	"testing"
)

// evalString evaluates expressions, a line each. A line that begins with WHERE is a
// condition.
func evalString(t *testing.T, rest, lines string) string {
	t.Helper()
	list, excluded, _ := strings.Cut(rest, " excluded ")
	list, row, _ := strings.Cut(list, "row ")
	e := Env{Args: literals(t, strings.TrimSpace(list))}
	if row != "" {
		pair := literals(t, row)
		e.SetPair(pair[0].Bytes, pair[1].Bytes)
	}
	if excluded != "" {
		pair := literals(t, excluded)
		e.SetExcluded(pair[0].Bytes, pair[1].Bytes)
	}
	var out strings.Builder
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		fmt.Fprintf(&out, "%s\n", evalLine(t, &e, line))
	}
	return out.String()
}

// evalLine evaluates one expression or condition for the row that e stands on, with its value and,
// which must make no difference, with parts of the value.
func evalLine(t *testing.T, e *Env, line string) string {
	t.Helper()
	got := evalOnce(t, e, line)
	inParts(func() {
		parts := Env{Args: e.Args, excludedKey: e.excludedKey, excludedValue: e.excludedValue}
		parts.SetRow(e.key, &partLoader{value: e.value})
		if again := evalOnce(t, &parts, line); again != got {
			t.Errorf("%s: %s, and with parts of the value %s", line, got, again)
		}
	})
	return got
}

func evalOnce(t *testing.T, e *Env, line string) string {
	t.Helper()
	sql := "SELECT key WHERE " + strings.TrimPrefix(line, "WHERE ")
	isCondition := strings.HasPrefix(line, "WHERE ")
	if !isCondition {
		sql = "INSERT VALUES ('', '') ON CONFLICT DO UPDATE SET value = " + line
	}
	list, err := Parse(sql)
	if err != nil {
		return err.Error()
	}
	c := compiler{st: list[0], plan: &Plan{}, scope: scopeUpsert}
	if !isCondition {
		n, err := c.value(list[0].Body.(*Insert).Upsert.Set.Value)
		if err != nil {
			return err.(*Error).Message()
		}
		v, err := (&Formula{n}).Eval(e)
		if err != nil {
			return "error: " + err.Error()
		}
		checkClass(t, line, n, e.Args, v)
		return showValue(v)
	}
	n, err := c.condition(list[0].Body.(*Select).Where)
	if err != nil {
		return err.(*Error).Message()
	}
	if err := c.plan.Check(e.Args, e.Keys); err != nil {
		return "check: " + err.Error()
	}
	got := n.test(e)
	if e.err != nil {
		return "error: " + e.err.Error()
	}
	return [...]string{isFalse: "0", isUnknown: "NULL", isTrue: "1"}[got]
}

// checkClass checks that what was said of the values of n holds for v.
func checkClass(t *testing.T, what string, n *node, args []Value, v Value) {
	t.Helper()
	class := n.resolve(args)
	if args == nil {
		args = []Value{}
	}
	switch {
	case v.Kind == Null && !n.nullable(args):
		t.Errorf("%s: NULL, which it cannot be", what)
	case v.Kind != Null && classOf(v) != class && !(class == ClassNumber && v.Kind != Bytes):
		t.Errorf("%s: %s has not the class %d", what, showValue(v), class)
	}
}

// showValue shows a value so that its class can be told.
func showValue(v Value) string {
	switch v.Kind {
	case Null:
		return "NULL"
	case Bytes:
		return sqlBytes(v.Bytes)
	}
	return string(v.AppendText(nil))
}

func checkString(t *testing.T, args, sql string) string {
	t.Helper()
	plans, _, err := compileText(sql, nil)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, p := range plans {
		if err := p.Check(pad(literals(t, args), p), nil); err != nil {
			out = append(out, err.Error())
		} else {
			out = append(out, "ok")
		}
	}
	return strings.Join(out, "\n")
}

func explainString(t *testing.T, args, sql string) string {
	t.Helper()
	plans, _, err := compileText("EXPLAIN "+sql, nil)
	if err != nil {
		return err.Error()
	}
	list, err := plans[0].Explain(t.Context(), pad(literals(t, args), plans[0]), nil)
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, s := range list {
		fmt.Fprintf(&out, "%s\n", strings.TrimRight(fmt.Sprintf("%d | %s | %s | %s", s.Number, s.Action, s.Detail, s.Hex), " |"))
	}
	return out.String()
}
