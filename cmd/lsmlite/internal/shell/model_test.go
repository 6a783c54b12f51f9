// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/parser"
)

// ran runs the shell and returns what it prints. It must not fail.
func ran(t *testing.T, c Command, stdin string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	e := &env.Env{Globals: env.Globals{Color: "never"}, Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr}
	if err := c.Run(t.Context(), e, nil); err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return stdout.String()
}

// decoders read what a mode has printed of keys and values, all of it.
var decoders = map[show.Mode]func(string) ([][]byte, error){
	show.CSV: func(s string) (all [][]byte, err error) {
		rows, err := csv.NewReader(strings.NewReader(s)).ReadAll()
		for _, r := range rows {
			all = append(all, []byte(r[0]), []byte(r[1]))
		}
		return parsedAll(all, err)
	},
	show.List: func(s string) ([][]byte, error) { return parsedAll(cells(s, "|"), nil) },
	"tabs":    func(s string) ([][]byte, error) { return parsedAll(cells(s, "\t"), nil) },
	show.Line: func(s string) ([][]byte, error) {
		lines := strings.Split(strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n\n", "\n"), "\n")
		var all [][]byte
		for i, line := range lines {
			all = append(all, []byte(strings.TrimPrefix(line, []string{"  key = ", "value = "}[i%2])))
		}
		return parsedAll(all, nil)
	},
	"hex": func(s string) (all [][]byte, err error) {
		for _, c := range cells(s, "|") {
			b, err := hex.DecodeString(string(c))
			if err != nil {
				return nil, err
			}
			all = append(all, b)
		}
		return all, nil
	},
	show.JSON: func(s string) ([][]byte, error) {
		var rows []map[string]string
		err := json.Unmarshal([]byte(s), &rows)
		return objects(rows, err)
	},
	show.JSONL: func(s string) ([][]byte, error) {
		var rows []map[string]string
		for d := json.NewDecoder(strings.NewReader(s)); d.More(); {
			var r map[string]string
			if err := d.Decode(&r); err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
		return objects(rows, nil)
	},
	"quote":     literals,
	show.Insert: literals,
}

func parsedAll(all [][]byte, err error) ([][]byte, error) {
	for i, b := range all {
		if all[i], err = text.Parse(string(b)); err != nil {
			return nil, err
		}
	}
	return all, err
}

func cells(s, sep string) (all [][]byte) {
	for line := range strings.Lines(s) {
		for cell := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), sep) {
			all = append(all, []byte(cell))
		}
	}
	return all
}

func objects(rows []map[string]string, err error) (all [][]byte, _ error) {
	for _, r := range rows {
		for _, name := range []string{"key", "value"} {
			b := []byte(r[name])
			if s, ok := r[name+show.Base64Suffix]; ok {
				if b, err = base64.StdEncoding.DecodeString(s); err != nil {
					return nil, err
				}
			}
			all = append(all, b)
		}
	}
	return all, err
}

// literals reads the texts and blobs of SQL.
func literals(s string) (all [][]byte, err error) {
	for p := range parser.Pieces(s) {
		if p.Kind != parser.PieceText && p.Kind != parser.PieceBlob {
			continue
		}
		list, err := parser.Parse("SELECT " + p.Text)
		if err != nil {
			return nil, err
		}
		all = append(all, list[0].Body.(*parser.Select).Results[0].Expr.(*parser.Literal).Value.Bytes)
	}
	return all, nil
}

// randomBytes are of all kinds that modes treat differently.
func randomBytes(rnd *rand.Rand) []byte {
	pieces := []string{"a", "user/", "é", "☀", "'", "\"", "\\", "|", ",", "\t", "\n", "\r\n", "\x00", "\xff", "x'", "{}", " ", ";", "--", "\x1b[1m",
		"\u202e", "#", "key = ", "\n\n", "_base64"}
	var b []byte
	for range rnd.IntN(6) {
		if rnd.IntN(8) == 0 {
			b = append(b, byte(rnd.IntN(256)))
		} else {
			b = append(b, pieces[rnd.IntN(len(pieces))]...)
		}
	}
	return b
}

// written is a literal of bytes, in one of its forms.
func written(rnd *rand.Rand, b []byte) string {
	switch rnd.IntN(3) {
	case 0:
		return fmt.Sprintf("X'%X'", b)
	case 1:
		return "'" + strings.ReplaceAll(string(b), "'", "''") + "'"
	}
	return show.Literal(b)
}

// TestModel: whatever bytes go in through a script, every lossless mode, and a dump that another shell reads,
// give them back.
func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	rnd := rand.New(rand.NewPCG(seed, 0))
	model := make(map[string]string)
	var script strings.Builder
	script.WriteString("BEGIN;\n")
	for range 500 {
		k, v := randomBytes(rnd), randomBytes(rnd)
		model[string(k)] = string(v)
		fmt.Fprintf(&script, "INSERT INTO kv VALUES (%s, %s);%s", written(rnd, k), written(rnd, v), []string{"\n", " ", "-- ;\n", "/* ' */"}[rnd.IntN(4)])
	}
	script.WriteString("COMMIT;")
	path := filepath.Join(t.TempDir(), "my.lsm")
	ran(t, Command{File: path}, script.String())
	for mode, decode := range decoders {
		out := ran(t, Command{File: path, Mode: string(mode), SQL: []string{"SELECT key, value FROM kv"}}, "")
		compare(t, model, string(mode), out, decode)
	}
	dumped := ran(t, Command{File: path, SQL: []string{".dump"}}, "")
	copied := filepath.Join(t.TempDir(), "copy.lsm")
	ran(t, Command{File: copied}, dumped)
	compare(t, model, "a dump", ran(t, Command{File: copied, Mode: "hex", SQL: []string{"SELECT * FROM kv"}}, ""), decoders["hex"])
}

func compare(t *testing.T, model map[string]string, what, out string, decode func(string) ([][]byte, error)) {
	t.Helper()
	all, err := decode(out)
	if err != nil || len(all)%2 != 0 {
		t.Errorf("%s: %d values, %v", what, len(all), err)
		return
	}
	got := make(map[string]string)
	for i := 0; i < len(all); i += 2 {
		got[string(all[i])] = string(all[i+1])
	}
	if maps.Equal(got, model) {
		return
	}
	for k, v := range model {
		if g, ok := got[k]; !ok || g != v {
			t.Errorf("%s: of the key %q the value is %q, %v; want %q", what, k, g, ok, v)
		}
	}
	t.Errorf("%s: %d rows, want %d", what, len(got), len(model))
}

// TestBigDump: a dump has transactions that are bounded, and the rows of all of them.
func TestBigDump(t *testing.T) {
	s := withRows(t)
	var out bytes.Buffer
	s.out = &results{to: &out}
	value := strings.Repeat("x", 1<<20)
	for i := range 2*DumpBytes/len(value) + 1 {
		if _, err := s.conn.ExecContext(t.Context(), "INSERT INTO kv VALUES ('k' || ?, ?)", i, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.command(t.Context(), ".dump"); err != nil {
		t.Fatal(err)
	}
	begins, commits := strings.Count(out.String(), "BEGIN;\n"), strings.Count(out.String(), "COMMIT;\n")
	if begins != 3 || commits != 3 || strings.Count(out.String(), "INSERT") != 2*DumpBytes/len(value)+1 {
		t.Errorf("%d BEGIN, %d COMMIT", begins, commits)
	}
}

// TestUnreadableDump: a row whose statement could not run is refused, and what has been printed is not committed.
func TestUnreadableDump(t *testing.T) {
	s := withRows(t, "a")
	var out bytes.Buffer
	s.out = &results{to: &out}
	if _, err := s.conn.ExecContext(t.Context(), "INSERT INTO kv VALUES ('b', ?)", bytes.Repeat([]byte{0xff}, parser.MaxTextBytes/2)); err != nil {
		t.Fatal(err)
	}
	err := s.command(t.Context(), ".dump")
	if env.CodeOf(err) != env.Refused || !strings.Contains(err.Error(), "lsmlite dump writes any row") {
		t.Errorf("%.200v", err)
	}
	if !strings.HasSuffix(out.String(), "ROLLBACK; -- not all rows could be read\n") || strings.Contains(out.String(), "COMMIT") {
		t.Errorf("%.400s", out.String())
	}
}
