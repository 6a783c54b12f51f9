// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/lsmlite/lsmlite-go/engine"
	bolt "go.etcd.io/bbolt"
)

var update = flag.Bool("update", false, "write the programs and what they print into docs/coming-from.md")

const page = "../../docs/coming-from.md"

func readText(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

// results runs every program for every system and returns what each program prints: it has
// to be the same for all systems.
func results(t *testing.T) map[string]string {
	printed := map[string]string{}
	for _, p := range programs {
		for system, run := range p.systems {
			t.Run(p.name+"/"+system, func(t *testing.T) {
				var out bytes.Buffer
				run(filepath.Join(t.TempDir(), "db"), &out)
				switch want, known := printed[p.name]; {
				case !known:
					printed[p.name] = out.String()
				case out.String() != want:
					t.Errorf("it prints\n%s\nand another system\n%s", out.String(), want)
				}
			})
		}
	}
	return printed
}

// goFunctions returns the text of each function of the folder's programs.
func goFunctions(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range files {
		source := readText(t, name)
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				texts[fn.Name.Name] = source[fset.Position(fn.Pos()).Offset:fset.Position(fn.End()).Offset] + "\n"
			}
		}
	}
	return texts
}

// rustFunctions is goFunctions for the programs in Rust, whose functions end with a brace
// at the beginning of a line.
func rustFunctions(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, m := range regexp.MustCompile(`(?ms)^fn (\w+)\(.*?^}\n`).FindAllStringSubmatch(readText(t, "rust/programs.rs"), -1) {
		texts[m[1]] = m[0]
	}
	return texts
}

var (
	codeFence   = regexp.MustCompile("(?s)```(go|rust)\n(?:func|fn) (\\w+)\\(.*?\n```\n")
	outputFence = regexp.MustCompile("(?s)<!-- output of (\\w+) -->\n```text\n.*?```\n")
)

// TestPage runs all programs. The page shows them as they are, and what they print.
func TestPage(t *testing.T) {
	printed := results(t)
	functions := map[string]map[string]string{"go": goFunctions(t), "rust": rustFunctions(t)}
	shown := map[string]bool{}
	text := readText(t, page)
	want := codeFence.ReplaceAllStringFunc(text, func(fence string) string {
		m := codeFence.FindStringSubmatch(fence)
		code, known := functions[m[1]][m[2]]
		if !known {
			t.Errorf("the page shows %s, and there is no such function", m[2])
		}
		shown[m[2]] = true
		return "```" + m[1] + "\n" + code + "```\n"
	})
	want = outputFence.ReplaceAllStringFunc(want, func(fence string) string {
		name := outputFence.FindStringSubmatch(fence)[1]
		shown["output of "+name] = true
		return "<!-- output of " + name + " -->\n```text\n" + printed[name] + "```\n"
	})
	for _, p := range programs {
		if printed[p.name] == "" {
			t.Errorf("%s prints nothing", p.name)
		}
		for _, prefix := range []string{"lsmlite", "engine", "sqlite", "bbolt", "pebble"} {
			if !shown[prefix+p.name] || p.systems[prefix] == nil {
				t.Errorf("the page does not show %s%s", prefix, p.name)
			}
		}
		if !shown["rust_"+strings.ToLower(p.name)] || !shown["output of "+p.name] {
			t.Errorf("the page does not show all of %s", p.name)
		}
	}
	switch {
	case t.Failed() || want == text:
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("the programs are not as the page shows them; -update writes them into it")
	}
}

// The statement of the page that turns a table of SQLite into statements is right for
// texts and bytes of every kind.
func TestMoveFromSQLite(t *testing.T) {
	m := regexp.MustCompile("sqlite3 old.db \"(.*)\"").FindStringSubmatch(readText(t, page))
	if m == nil {
		t.Fatal("the page does not show the statement")
	}
	old, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "old.db"))
	check(err)
	defer old.Close()
	_, err = old.Exec(sqliteSchema)
	check(err)
	values := []any{"Ada", "it's;\n--", "", []byte{0, 0xff, '\n'}, []byte{}, 12, 1.5}
	for i, v := range values {
		_, err := old.Exec("INSERT INTO kv VALUES (?, ?)", bulkKey(i), v)
		check(err)
	}
	rows, err := old.Query(m[1])
	check(err)
	defer rows.Close()
	script := ""
	for rows.Next() {
		var line string
		check(rows.Scan(&line))
		script += line + "\n"
	}
	check(rows.Err())

	moved, err := sql.Open("lsmlite", filepath.Join(t.TempDir(), "new.lsm"))
	check(err)
	defer moved.Close()
	_, err = moved.Exec(script)
	check(err)
	for i := range values {
		var got, want string
		check(moved.QueryRow("SELECT value FROM kv WHERE key = ?", bulkKey(i)).Scan(&got))
		check(old.QueryRow("SELECT value FROM kv WHERE key = ?", bulkKey(i)).Scan(&want))
		if got != want {
			t.Errorf("%q became %q", want, got)
		}
	}
}

func TestMoveFromBbolt(t *testing.T) {
	dir := t.TempDir()
	bboltNested(filepath.Join(dir, "old"), &bytes.Buffer{})
	old, err := bolt.Open(filepath.Join(dir, "old"), 0o600, nil)
	check(err)
	defer old.Close()
	moved, err := engine.Open(context.Background(), filepath.Join(dir, "new.lsm"), engine.Options{})
	check(err)
	check(moveFromBbolt(old, moved))
	value, found, err := moved.Get(nil, []byte("user/3"))
	if err != nil || !found || string(value) != "Barbara" || engineCount(moved) != 2 {
		t.Errorf("user/3 is %q, %v, %v", value, found, err)
	}
	check(moved.Close())
}

// Who takes an empty key, as the page says.
func TestEmptyKey(t *testing.T) {
	dir := t.TempDir()
	b, err := bolt.Open(filepath.Join(dir, "bbolt"), 0o600, nil)
	check(err)
	defer b.Close()
	err = b.Update(func(tx *bolt.Tx) error {
		kv, err := tx.CreateBucketIfNotExists(bucket)
		check(err)
		return kv.Put(nil, []byte("x"))
	})
	if err == nil {
		t.Error("bbolt takes an empty key")
	}
	p, err := pebble.Open(filepath.Join(dir, "pebble"), quiet)
	check(err)
	defer p.Close()
	check(p.Set(nil, []byte("x"), pebble.Sync))
	for driver, schema := range map[string]string{"lsmlite": "", "sqlite": sqliteSchema} {
		db, err := sql.Open(driver, filepath.Join(dir, driver))
		check(err)
		defer db.Close()
		_, err = db.Exec(schema)
		check(err)
		_, err = db.Exec("INSERT INTO kv VALUES ('', 'x')")
		check(err)
		var value string
		check(db.QueryRow("SELECT value FROM kv WHERE key = ''").Scan(&value))
	}
	value, closer, err := p.Get(nil)
	if err != nil || string(value) != "x" {
		t.Errorf("Pebble's empty key: %q, %v", value, err)
	} else {
		check(closer.Close())
	}
}
