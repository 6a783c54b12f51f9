// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestData runs the files in testdata. A case is a command line, the SQL, a line of
// dashes, and what is expected, up to an empty line. The commands:
//
//	parse            the tree, and the printed form, which must parse to the same tree
//	plan             the plan of each statement
//	error            the error of Parse or Compile
//	bind <literals>  the key intervals under these arguments, or the error
//	check <literals> the error of Check under these arguments, by statement
//	explain <literals>  the rows of EXPLAIN under these arguments
//	eval [<literals>]   the values of expressions, one a line, under these arguments; on
//	                 the row key, value of the two literals behind "row", and excluded's
//	                 of those behind "excluded"
func TestData(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n\n") {
		if i > 0 {
			out.WriteString("\n")
		}
		if strings.HasPrefix(block, "#") {
			out.WriteString(block + "\n")
			continue
		}
		head, want, _ := strings.Cut(block, "\n----")
		want = strings.TrimPrefix(want, "\n")
		command, sql, _ := strings.Cut(head, "\n")
		got := strings.TrimRight(runCase(t, command, sql), "\n")
		if !*update && got != want {
			t.Errorf("%s\n%s\ngot:\n%s\nwant:\n%s", command, sql, got, want)
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n", head, got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runCase(t *testing.T, command, sql string) string {
	t.Helper()
	command, rest, _ := strings.Cut(command, " ")
	switch command {
	case "parse":
		list, err := Parse(sql)
		if err != nil {
			return err.Error()
		}
		var out strings.Builder
		for _, st := range list {
			fmt.Fprintf(&out, "%s\n%s", st, dump(st))
		}
		checkReparse(t, sql, list)
		return out.String()
	case "plan":
		plans, _, err := compileText(sql, nil)
		if err != nil {
			return err.Error()
		}
		var out strings.Builder
		for _, p := range plans {
			out.WriteString(planString(p))
		}
		return out.String()
	case "error":
		_, _, err := compileText(sql, nil)
		if err == nil {
			return "no error"
		}
		if _, ok := err.(*Error); !ok {
			t.Errorf("%s: the error is a %T", sql, err)
		}
		return err.Error()
	case "bind":
		return bindString(t, rest, sql)
	case "check":
		return checkString(t, rest, sql)
	case "explain":
		return explainString(t, rest, sql)
	case "eval":
		return evalString(t, rest, sql)
	}
	t.Fatalf("unknown command %q", command)
	return ""
}

// checkReparse checks that the printed statements parse to the same trees.
func checkReparse(t *testing.T, sql string, list []*Statement) {
	t.Helper()
	var printed []string
	for _, st := range list {
		printed = append(printed, st.String())
	}
	text := strings.Join(printed, "; ")
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("%q prints as %q, which does not parse: %v", sql, text, err)
	}
	if len(again) != len(list) {
		t.Fatalf("%q prints as %q: %d statements, want %d", sql, text, len(again), len(list))
	}
	for i := range list {
		if a, b := dump(list[i]), dump(again[i]); a != b {
			t.Fatalf("%q prints as %q, which parses to\n%s\nwant\n%s", sql, text, b, a)
		}
		if a, b := list[i].String(), again[i].String(); a != b {
			t.Fatalf("%q prints as %q, and then as %q", sql, a, b)
		}
	}
}

// dump shows a tree, without places in the text and without what is empty.
func dump(st *Statement) string {
	var b strings.Builder
	dumpValue(&b, "", "", reflect.ValueOf(st).Elem())
	return b.String()
}

func dumpValue(b *strings.Builder, indent, label string, v reflect.Value) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case Name:
		fmt.Fprintf(b, "%s%s%q\n", indent, label, x.Text)
		return
	case Value:
		fmt.Fprintf(b, "%s%s%s\n", indent, label, Operand{Const: x})
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		fmt.Fprintf(b, "%s%s%s\n", indent, label, v.Type().Name())
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch f.Name {
			case "place", "Start", "End", "Offset", "Source", "Text":
				if f.Type.Kind() != reflect.Interface && v.Type().Name() != "PragmaArg" {
					continue
				}
			}
			if f.IsExported() && !v.Field(i).IsZero() {
				dumpValue(b, indent+"  ", f.Name+": ", v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(b, "%s%s\n", indent, strings.TrimSpace(label))
		for i := range v.Len() {
			dumpValue(b, indent+"  ", "- ", v.Index(i))
		}
	default:
		fmt.Fprintf(b, "%s%s%v\n", indent, label, v.Interface())
	}
}

func planString(p *Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", p.Op)
	for _, f := range []struct {
		on   bool
		name string
	}{{p.ReadOnly, "read-only"}, {p.Table, "table"}, {p.Aggregate, "aggregate"}, {p.KeysOnly, "keys-only"}, {p.Desc, "desc"}} {
		if f.on {
			b.WriteString(" " + f.name)
		}
	}
	fmt.Fprintf(&b, "\n  text: %s\n", p.Text)
	if p.NumInput > 0 {
		fmt.Fprintf(&b, "  inputs: %d %q\n", p.NumInput, p.Names)
	}
	for _, c := range p.Columns {
		fmt.Fprintf(&b, "  column %q:", c.Name)
		switch c.Kind {
		case ColumnKey:
			b.WriteString(" key\n")
		case ColumnValue:
			b.WriteString(" value\n")
		case ColumnCount:
			b.WriteString(" count\n")
		case ColumnMin:
			b.WriteString(" min\n")
		case ColumnMax:
			b.WriteString(" max\n")
		case ColumnFormula:
			fmt.Fprintf(&b, " formula %s (%s)\n", c.Formula, classString(c.Formula))
		case ColumnOperand:
			fmt.Fprintf(&b, " %s\n", c.Operand)
		}
	}
	if k := p.Keys.String(); k != "" {
		fmt.Fprintf(&b, "  keys (%s): %s\n", map[bool]string{true: "set", false: "interval"}[p.Keys.root != nil], k)
	}
	if p.Filter != nil {
		fmt.Fprintf(&b, "  filter: %s\n", p.Filter)
	}
	if p.Set != nil {
		fmt.Fprintf(&b, "  set: %s (%s)\n", p.Set, classString(p.Set))
	}
	if p.Explained != nil {
		b.WriteString("  explained: " + strings.ReplaceAll(planString(p.Explained), "\n", "\n  ") + "\n")
	}
	if p.HasLimit {
		fmt.Fprintf(&b, "  limit: %s\n", p.Limit)
	}
	if p.HasOffset {
		fmt.Fprintf(&b, "  offset: %s\n", p.Offset)
	}
	for _, r := range p.Rows {
		fmt.Fprintf(&b, "  row: key %s, value %s\n", r[0], r[1])
	}
	switch p.Op {
	case OpInsert:
		fmt.Fprintf(&b, "  on conflict: %s\n", p.OnConflict)
		if p.SkipNull != (p.OnConflict == Ignore) {
			fmt.Fprintf(&b, "  skip NULL: %v\n", p.SkipNull)
		}
	case OpBegin:
		fmt.Fprintf(&b, "  mode: %d\n", p.TxMode)
	case OpSavepoint, OpRelease, OpRollbackTo:
		fmt.Fprintf(&b, "  savepoint: %q\n", p.Savepoint)
	case OpPragma:
		fmt.Fprintf(&b, "  pragma: %q form %d args %q\n", p.Pragma.Name, p.Pragma.Form, p.Pragma.Args)
	}
	return b.String()
}

func classString(f *Formula) string {
	s := map[Class]string{ClassBytes: "bytes", ClassInteger: "integer", ClassReal: "real", ClassNumber: "number", classParam: "parameter"}[f.Class(nil)]
	if f.Nullable(nil) {
		s += " or NULL"
	}
	return s
}

// literals reads arguments that are written as SQL literals.
func literals(t *testing.T, list string) []Value {
	t.Helper()
	if list == "" {
		return nil
	}
	plans, _, err := compileText("SELECT "+list, nil)
	if err != nil {
		t.Fatal(err)
	}
	var args []Value
	for _, c := range plans[0].Columns {
		args = append(args, c.Operand.Const)
	}
	return args
}

// pad repeats the last argument for the parameters beyond it.
func pad(args []Value, p *Plan) []Value {
	for len(args) > 0 && len(args) < p.NumInput {
		args = append(args, args[len(args)-1])
	}
	return args
}

func bindString(t *testing.T, args, where string) string {
	t.Helper()
	plans, _, err := compileText("SELECT key WHERE "+where, nil)
	if err != nil {
		return err.Error()
	}
	var b Bounds
	if err := plans[0].Keys.Bind(&b, pad(literals(t, args), plans[0]), nil); err != nil {
		if b.Len() != 0 {
			t.Errorf("%s: an error and %d intervals", where, b.Len())
		}
		return err.Error()
	}
	if b.Len() == 0 {
		return "nothing"
	}
	var list []string
	for i := range b.Len() {
		list = append(list, b.At(i).String())
	}
	return strings.Join(list, " ")
}
