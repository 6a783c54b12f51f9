// SPDX-License-Identifier: Apache-2.0

package show_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
)

var update = flag.Bool("update", false, "write the expected output again")

// sample has a value of every kind.
var sample = [][]any{
	{[]byte("user/1"), []byte("Ada"), int64(5)},
	{[]byte("x'00'"), []byte("two\nlines\tand \"quotes\", 'one' | <b>"), 1.5},
	{[]byte{0, 0xff}, []byte("text\x00"), nil},
	{"Zürich ☀", "", uint64(math.MaxUint64)},
	{[]byte("\x1b[31m"), "\u202e", math.Inf(-1)},
	{[]byte("|"), time.Date(2025, 6, 1, 12, 0, 0, 500, time.FixedZone("", 3600)), true},
	{nil, nil, int64(-1)},
}

// print prints rows in a mode.
func print(t *testing.T, o show.Options, names []string, rows [][]any) string {
	t.Helper()
	var b bytes.Buffer
	r := show.New(&b, o)
	if err := r.Columns(names); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := r.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestModes compares what each mode prints with testdata/MODE.golden.
func TestModes(t *testing.T) {
	null := "∅"
	for _, m := range show.Modes() {
		names, rows := []string{"key", "value", "length(value) + 1"}, sample
		if m.Mode == show.Insert {
			names, rows = names[:2], nil
			for _, r := range sample {
				rows = append(rows, r[:2])
			}
		}
		var b strings.Builder
		for _, o := range []show.Options{
			{Mode: m.Mode},
			{Mode: m.Mode, Headers: show.HeadersOn, Null: &null, Separator: ", "},
			{Mode: m.Mode, Headers: show.HeadersOff, Width: 40},
		} {
			fmt.Fprintf(&b, "# headers %d, separator %q, width %d\n%s", o.Headers, o.Separator, o.Width, print(t, o, names, rows))
		}
		fmt.Fprintf(&b, "# no rows\n%s", print(t, show.Options{Mode: m.Mode}, names, nil))
		golden(t, string(m.Mode), b.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("%s is not what is printed (-update writes it):\n%s", path, got)
	}
}

// TestColors: only the header of a table has colours.
func TestColors(t *testing.T) {
	for _, m := range show.Modes() {
		if m.Mode == show.Insert {
			continue
		}
		s := print(t, show.Options{Mode: m.Mode, Colors: true}, []string{"a"}, [][]any{{int64(1)}})
		if want := m.Mode == show.Box || m.Mode == show.Table; strings.Contains(s, "\x1b[") != want {
			t.Errorf("mode %s: %q", m.Mode, s)
		}
	}
}

// TestSameNames: fields of JSON have different names, whatever those of the columns.
func TestSameNames(t *testing.T) {
	got := print(t, show.Options{Mode: show.JSONL}, []string{"key", "key", "key_base64", "key_2"},
		[][]any{{[]byte{0xff}, "b", "c", "d"}})
	want := `{"key_base64":"/w==","key_2":"b","key_base64_2":"c","key_2_2":"d"}` + "\n"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseMode(t *testing.T) {
	for _, m := range show.Modes() {
		if got, err := show.ParseMode(string(m.Mode)); got != m.Mode || err != nil || m.Help == "" {
			t.Errorf("%q: %q, %v, %q", m.Mode, got, err, m.Help)
		}
	}
	if _, err := show.ParseMode("html"); err == nil || !strings.Contains(err.Error(), "the modes are box, csv,") {
		t.Error(err)
	}
}

// TestInsertNeedsTwoColumns: other rows are none of kv.
func TestInsertNeedsTwoColumns(t *testing.T) {
	var b bytes.Buffer
	if err := show.New(&b, show.Options{Mode: show.Insert}).Columns([]string{"key"}); err == nil {
		t.Error("it took one column")
	}
	got := print(t, show.Options{Mode: show.Insert}, []string{"value", "key"}, [][]any{{"v", "k"}})
	if want := "INSERT INTO kv (value, key) VALUES ('v', 'k');\n"; got != want {
		t.Errorf("got %s", got)
	}
}

// TestPages: a table holds PageRows rows, or PageBytes bytes, and no more; its columns do not become narrower.
func TestPages(t *testing.T) {
	var b bytes.Buffer
	r := show.New(&b, show.Options{Mode: show.Box})
	if err := r.Columns([]string{"n", "value"}); err != nil {
		t.Fatal(err)
	}
	for i := range int64(2*show.PageRows + 1) {
		if err := r.Row([]any{i + 1e6, strings.Repeat("x", max(1, 9-int(i/show.PageRows)))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "│ value"); n != 3 {
		t.Errorf("%d headers, want 3", n)
	}
	lines := strings.Split(b.String(), "\n")
	if want := 2*show.PageRows + 1 + 3*4 + 1; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	first, last := lines[0], lines[len(lines)-2]
	if len(first) != len(strings.NewReplacer("└", "┌", "┴", "┬", "┘", "┐").Replace(last)) {
		t.Errorf("the last page is not as wide as the first: %q, %q", first, last)
	}
}

// TestPageBytes: long values end a page, and are cut.
func TestPageBytes(t *testing.T) {
	var b bytes.Buffer
	r := show.New(&b, show.Options{Mode: show.Table})
	if err := r.Columns([]string{"value"}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("é", 2*show.MaxCell)
	rows := 0
	for ; b.Len() == 0; rows++ {
		if err := r.Row([]any{long}); err != nil {
			t.Fatal(err)
		}
	}
	if most := show.PageBytes/show.MaxCell + 1; rows > most {
		t.Errorf("%d rows of %d bytes were held, want at most %d", rows, len(long), most)
	}
	if want := strings.Repeat("é", show.MaxCell) + "… (16384 bytes)"; !strings.Contains(b.String(), "| "+want+" |") {
		t.Error("a long value is not cut, or does not say so")
	}
}

// TestRowsAreStreamed: the other modes hold nothing but a buffer.
func TestRowsAreStreamed(t *testing.T) {
	for _, m := range show.Modes() {
		var b bytes.Buffer
		r := show.New(&b, show.Options{Mode: m.Mode})
		if err := r.Columns([]string{"key", "value"}); err != nil {
			t.Fatal(err)
		}
		rows := 0
		for ; b.Len() == 0 && rows <= show.PageRows; rows++ {
			if err := r.Row([]any{"key", strings.Repeat("x", 100)}); err != nil {
				t.Fatal(err)
			}
		}
		if rows > show.PageRows {
			t.Errorf("mode %s has printed nothing of %d rows", m.Mode, rows)
		}
	}
}

// TestFlush prints what rows there are.
func TestFlush(t *testing.T) {
	for _, m := range show.Modes() {
		var b bytes.Buffer
		r := show.New(&b, show.Options{Mode: m.Mode})
		if err := r.Columns([]string{"key", "value"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Row([]any{"sesame", "v"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Flush(); err != nil || !strings.Contains(b.String(), "sesame") && m.Mode != "hex" || b.Len() == 0 {
			t.Errorf("mode %s: %q, %v", m.Mode, b.String(), err)
		}
	}
}

// full fails as a full disk does.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestWriteErrors: what cannot be written is an error, at the latest at the end.
func TestWriteErrors(t *testing.T) {
	for _, m := range show.Modes() {
		r := show.New(full{}, show.Options{Mode: m.Mode})
		err := r.Columns([]string{"key", "value"})
		for i := 0; i < 10_000 && err == nil; i++ {
			err = r.Row([]any{"key", strings.Repeat("x", 100)})
		}
		if err == nil {
			t.Errorf("mode %s: 1 MB went nowhere", m.Mode)
		}
		r = show.New(full{}, show.Options{Mode: m.Mode})
		if err := r.Columns([]string{"key", "value"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Row([]any{"key", "value"}); err != nil {
			t.Fatal(err)
		}
		if err := r.End(); err == nil {
			t.Errorf("mode %s: a row went nowhere", m.Mode)
		}
	}
}
