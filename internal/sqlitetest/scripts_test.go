// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

// A hand-written script has a database of its own. In the files of testdata,
//
//	== name           begins a script,
//	# …               is a comment,
//	! statement       must fail, on both; every other statement must not,
//	statement @ […]   has arguments: a JSON list of texts, numbers, {"hex": "00ff"} and {"name": …}.
//
// A line that ends with a backslash goes on in the next.
type handWritten struct {
	file, name string
	steps      []step
}

type step struct {
	call  call
	fails bool
	line  int
}

func readScripts(t *testing.T) (list []handWritten) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(string(text), "\\\n", "")
		for i, line := range strings.Split(joined, "\n") {
			switch {
			case line == "" || line[0] == '#':
			case strings.HasPrefix(line, "== "):
				list = append(list, handWritten{file: strings.TrimSuffix(filepath.Base(file), ".txt"), name: line[3:]})
			default:
				st := step{line: i + 1}
				line, st.fails = strings.CutPrefix(line, "! ")
				query, args, found := strings.Cut(line, " @ [")
				st.call.text = query
				if found {
					st.call.args = readArgs(t, "["+args)
				}
				s := &list[len(list)-1]
				s.steps = append(s.steps, st)
			}
		}
	}
	return list
}

func readArgs(t *testing.T, text string) (args []any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var list []any
	if err := d.Decode(&list); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, v := range list {
		args = append(args, readArg(t, v))
	}
	return args
}

func readArg(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case string, bool, nil:
		return v
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return f
	case map[string]any:
		if h, ok := v["hex"].(string); ok {
			b, err := hex.DecodeString(h)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		if text, ok := v["time"].(string); ok {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		for name, v := range v {
			return sql.Named(name, readArg(t, v))
		}
	}
	t.Fatalf("not an argument: %v", v)
	return nil
}

// TestScripts runs the statements of testdata on both, in memory and on a file.
func TestScripts(t *testing.T) {
	scripts, statements := readScripts(t), 0
	for _, s := range scripts {
		for _, st := range s.steps {
			list, err := parser.Parse(st.call.text)
			if err != nil {
				t.Errorf("line %d of %s.txt: %v", st.line, s.file, err)
			}
			statements += len(list)
		}
	}
	t.Logf("%d statements", statements)
	if statements < 1000 {
		t.Errorf("only %d statements are left", statements)
	}
	for _, s := range scripts {
		for _, onFile := range []bool{false, true} {
			where := "memory"
			if onFile {
				where = "file"
			}
			t.Run(s.file+"/"+s.name+"/"+where, func(t *testing.T) {
				p, err := newPair(place{onFile: onFile, numbers: s.file == "numerickeys"})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := p.Close(); err != nil {
						t.Error(err)
					}
				}()
				for _, st := range s.steps {
					failed := p.failed
					if d := p.run(st.call); d != nil {
						t.Errorf("line %d of %s.txt: %v", st.line, s.file, d)
					} else if (p.failed > failed) != st.fails {
						t.Errorf("line %d of %s.txt: %s: failed on both is %v", st.line, s.file, st.call, !st.fails)
					}
				}
			})
		}
	}
}
