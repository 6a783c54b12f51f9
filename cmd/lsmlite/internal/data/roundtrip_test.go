// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/load"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// runner is a subcommand.
type runner interface {
	Run(ctx context.Context, e *env.Env) error
}

// surroundings are those of a test.
func surroundings(stdin io.Reader) (*env.Env, *bytes.Buffer) {
	var out bytes.Buffer
	return &env.Env{Globals: env.Globals{Quiet: true}, Stdin: stdin, Stdout: &out, Stderr: io.Discard}, &out
}

// must runs a subcommand.
func must(t *testing.T, r runner) {
	t.Helper()
	e, _ := surroundings(nil)
	if err := r.Run(t.Context(), e); err != nil {
		t.Fatalf("%T: %v", r, err)
	}
}

// randomKey makes keys with everything that a format may stumble over.
func randomKey(rnd *rand.Rand) string {
	parts := []string{"a", "b", "/", "//", ".", "..", "%", "%2e", "%+", "%~", "\x00", "\xff", "\n", "\r", "\r\n", "'", `"`, `\`, ",", ";", " ",
		"\t", "x'00'", "é", "\u2028", "\ufeff", "\ufffd", "NUL", "A", "key", "\xed\xa0\x80"}
	key := ""
	for range rnd.IntN(6) {
		key += parts[rnd.IntN(len(parts))]
	}
	return key
}

// makeDatabase makes a database of random rows, and returns them.
func makeDatabase(t *testing.T, rnd *rand.Rand, path string, n int) map[string]string {
	t.Helper()
	rows := make(map[string]string, n)
	for range n {
		value := randomKey(rnd)
		switch rnd.IntN(20) {
		case 0:
			value = string(bytes.Repeat([]byte(value+"."), rnd.IntN(3000)))
		case 1:
			b := make([]byte, rnd.IntN(600))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			value = string(b)
		}
		rows[randomKey(rnd)] = value
	}
	rows[string(bytes.Repeat([]byte("long/key"), 100))] = "1"
	err := update(t.Context(), path, env.Create, env.Settings{}, func(tx *engine.Tx) error {
		for k, v := range rows {
			if err := tx.Put([]byte(k), []byte(v)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// rowsOf returns all rows of a database.
func rowsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := env.Settings{}.Open(t.Context(), path, env.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := make(map[string]string)
	c, err := db.Engine.Cursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		rows[string(c.Key())] = string(v)
	}
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestRoundTrips exports random rows in each format that keeps all bytes, and imports them again.
func TestRoundTrips(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		dir := t.TempDir()
		from := filepath.Join(dir, "from.lsm")
		want := makeDatabase(t, rnd, from, rnd.IntN(400))
		out := func(format string) string { return filepath.Join(dir, "out-"+format) }
		s := saving{File: from}
		l := func(to string) loading { return loading{File: to, OnConflict: load.Fail} }
		for format, c := range map[string]struct {
			export runner
			load   func(to string) runner
		}{
			"csv-hex": {exportCSV{saving: s, toFile: toFile{Output: out("csv-hex")}, Delimiter: ",", Header: true, Encoding: "hex"},
				func(to string) runner {
					return importCSV{loading: l(to), csvColumns: csvColumns{Delimiter: ","}, Input: out("csv-hex")}
				}},
			"csv-shown": {exportCSV{saving: s, toFile: toFile{Output: out("csv-shown")}, Delimiter: ";", Header: true, Encoding: "shown"},
				func(to string) runner {
					return importCSV{loading: l(to), csvColumns: csvColumns{Delimiter: ";"}, Input: out("csv-shown")}
				}},
			"csv-base64": {exportCSV{saving: s, toFile: toFile{Output: out("csv-base64")}, Delimiter: "tab", Encoding: "base64"},
				func(to string) runner {
					return importCSV{loading: l(to), csvColumns: csvColumns{Delimiter: "tab", Columns: []string{"key_base64", "value_base64"}},
						Input: out("csv-base64")}
				}},
			"jsonl": {exportJSONL{saving: s, toFile: toFile{Output: out("jsonl")}},
				func(to string) runner { return importJSONL{loading: l(to), Input: out("jsonl")} }},
			"dump": {Dump{saving: s, toFile: toFile{Output: out("dump")}},
				func(to string) runner { return Load{loading: l(to), Input: out("dump")} }},
			"dir": {exportDir{saving: s, Folder: out("dir")},
				func(to string) runner { return importDir{loading: l(to), Escaped: true, Folder: out("dir")} }},
			"lsm": {exportLSM{saving: s, Output: out("lsm")},
				func(to string) runner { return importLSM{loading: l(to), Other: out("lsm")} }},
			"sql": {exportSQL{saving: s, toFile: toFile{Output: out("sql")}, Table: "kv"},
				func(to string) runner { return script{to, out("sql")} }},
		} {
			must(t, c.export)
			to := filepath.Join(dir, format+".lsm")
			must(t, c.load(to))
			if got := rowsOf(t, to); !maps.Equal(got, want) {
				t.Errorf("seed %d, %s: %d rows, want %d, or they differ", seed, format, len(got), len(want))
				for k, v := range want {
					if g, ok := got[k]; !ok || g != v {
						t.Fatalf("%q is %.60q (%v), want %.60q", k, g, ok, v)
					}
				}
			}
		}
	}
}

// script runs the statements of a file.
type script struct{ to, file string }

func (s script) Run(ctx context.Context, _ *env.Env) error {
	text, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	db, err := env.Settings{}.Open(ctx, s.to, env.Create)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.SQL.ExecContext(ctx, string(text))
	return err
}

// TestTextIsKept: what the encoding text accepts comes back, carriage returns included.
func TestTextIsKept(t *testing.T) {
	dir := t.TempDir()
	from, to, csv := filepath.Join(dir, "a.lsm"), filepath.Join(dir, "b.lsm"), filepath.Join(dir, "o.csv")
	want := map[string]string{"": "", "\r": "\r\n", "a\r\nb": `"`, "\ufeffkey": " x ", `""`: ",\n,"}
	err := update(t.Context(), from, env.Create, env.Settings{}, func(tx *engine.Tx) error {
		for k, v := range want {
			if err := tx.Put([]byte(k), []byte(v)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []bool{true, false} {
		must(t, exportCSV{saving: saving{File: from}, toFile: toFile{Output: csv, Force: true}, Delimiter: ",", Header: header, Encoding: "text"})
		columns := csvColumns{Delimiter: ","}
		if !header {
			columns.Columns = []string{"key", "value"}
		}
		must(t, importCSV{loading: loading{File: to, OnConflict: load.Replace}, csvColumns: columns, Input: csv})
		if got := rowsOf(t, to); !maps.Equal(got, want) {
			t.Errorf("header %v: %q, want %q", header, got, want)
		}
		if err := os.Remove(to); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedDump flips a bit of a dump, or cuts it: the load fails, names a byte of the dump, and no row
// in the database is wrong.
func TestDamagedDump(t *testing.T) {
	dir := t.TempDir()
	from, file := filepath.Join(dir, "from.lsm"), filepath.Join(dir, "a.dump")
	rnd := rand.New(rand.NewPCG(9, 9))
	want := makeDatabase(t, rnd, from, 5000)
	must(t, Dump{saving: saving{File: from}, toFile: toFile{Output: file}})
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		damaged := bytes.Clone(whole)
		at := rnd.IntN(len(whole))
		if i%2 == 0 {
			damaged[at] ^= 1 << rnd.IntN(8)
		} else {
			damaged = damaged[:at]
		}
		to := filepath.Join(dir, fmt.Sprintf("to%d.lsm", i))
		e, _ := surroundings(bytes.NewReader(damaged))
		err := Load{loading: loading{File: to, OnConflict: load.Replace}, Input: "-"}.Run(t.Context(), e)
		if env.CodeOf(err) != env.Refused {
			t.Fatalf("byte %d of %d: %v", at, len(whole), err)
		}
		if _, missing := os.Stat(to); missing != nil {
			continue
		}
		for k, v := range rowsOf(t, to) {
			if want[k] != v {
				t.Fatalf("byte %d: the row %q is wrong", at, k)
			}
		}
	}
}
