// SPDX-License-Identifier: Apache-2.0

package read

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
)

// input is an Input of a text.
func input(t testing.TB, s string) *Input {
	t.Helper()
	in, err := Open("-", strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// rowsOf returns all rows of a source as key=value, and the error after them, if it is not the end.
func rowsOf(src Source) (rows []string, err error) {
	for {
		var r row.Row
		if r, err = src.Next(); err != nil {
			break
		}
		rows = append(rows, string(r.Key)+"="+string(r.Value))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return rows, err
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          CSVOptions
		want       []string
	}{
		{"key and value", "key,value\na,1\nb,2", CSVOptions{}, []string{"a=1", "b=2"}},
		{"in the other order", "value,key\n1,a\n", CSVOptions{}, []string{"a=1"}},
		{"two of any name", "id,name\n1,Ada\n", CSVOptions{}, []string{"1=Ada"}},
		{"chosen", "a,b,c\n1,2,3\n", CSVOptions{Key: "c", Value: "a"}, []string{"3=1"}},
		{"without a header", "a,1\n", CSVOptions{Columns: []string{"key", "value"}}, []string{"a=1"}},
		{"encodings of the names", "key_hex,value_base64\n00ff,YQ==\n", CSVOptions{}, []string{"\x00\xff=a"}},
		{"encodings of flags", "k,v\nx'00',61\n", CSVOptions{KeyEncoding: "shown", ValueEncoding: "hex"}, []string{"\x00=a"}},
		{"other columns", "id,name,note\n1,Ada,\"a \"\"b\"\"\"\n", CSVOptions{ValueJSON: true}, []string{`1={"name":"Ada","note":"a \"b\""}`}},
		{"quoted", "key,value\r\n\"a\r\nb\",\"\"\"\"\r\n\r\n,\"\"\r\n", CSVOptions{}, []string{"a\r\nb=\"", "="}},
		{"delimiter", "key;value\na;b,c\n", CSVOptions{Delimiter: ';'}, []string{"a=b,c"}},
		{"byte order mark", "\ufeffkey,value\na,b\n", CSVOptions{}, []string{"a=b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Delimiter == 0 {
				c.o.Delimiter = ','
			}
			src, err := NewCSV(input(t, c.text), c.o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rowsOf(src)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			if src.Offset() != int64(len(c.text)) {
				t.Errorf("offset %d at the end of %d bytes", src.Offset(), len(c.text))
			}
		})
	}
}

func TestCSVRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "it has no header",
		"a,a\n":                       "two columns have the name a",
		"a,b,c\n":                     "which column is the value?",
		"key,value\na\n":              "line 2: 1 fields; there are 2 columns",
		"key,value\n\na,\"b\nc\n":     "line 3: the field that begins here has no closing",
		"key,value\na,b\"c\n":         "line 2: a quotation mark in a field",
		"key,value\na,\"b\"c\n":       "line 2: a field goes on",
		"key_hex,value\n00,a\nx,\"\n": "line 3",
		"key_hex,value\n0,\n":         "line 2: column key_hex is not hexadecimal: 0",
	} {
		src, err := NewCSV(input(t, text), CSVOptions{Delimiter: ','})
		if err == nil {
			_, err = rowsOf(src)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// FuzzRecords compares with encoding/csv, which reads the same as long as there are no carriage
// returns.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{"a,b\n", "\"a\nb\",\"\"\"\"\n\n,", "a\"b", "\"a\"b", "\"", "\n\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(s, "\r", "")
		want := csv.NewReader(strings.NewReader(s))
		want.FieldsPerRecord = -1
		got := records{in: input(t, s), delim: []byte(",")}
		for {
			fields, err := want.Read()
			n, gotErr := got.next()
			if (err == nil) != (gotErr == nil) || errors.Is(err, io.EOF) != errors.Is(gotErr, io.EOF) {
				t.Fatalf("%q: %v, and encoding/csv says %v", s, gotErr, err)
			}
			if err != nil {
				return
			}
			var ours []string
			for i := range n {
				ours = append(ours, string(got.field(i)))
			}
			if !slices.Equal(ours, fields) {
				t.Fatalf("%q: %q, and encoding/csv says %q", s, ours, fields)
			}
			if got.offset != want.InputOffset() {
				t.Fatalf("%q: offset %d, and encoding/csv says %d", s, got.offset, want.InputOffset())
			}
		}
	})
}

// TestMaxRecord: a quotation mark that is missing does not make the input one field in memory.
func TestMaxRecord(t *testing.T) {
	in := input(t, "key,value\na,\""+strings.Repeat("line\n", 1<<19))
	in.MaxRecord = 1 << 20
	src, err := NewCSV(in, CSVOptions{Delimiter: ','})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rowsOf(src); err == nil || !strings.Contains(err.Error(), "line 2: the record that begins here is longer than 1 MiB") {
		t.Error(err)
	}
	if cap(src.r.buf) > 4<<20 {
		t.Errorf("%d bytes of memory", cap(src.r.buf))
	}
	long := input(t, strings.Repeat("x", 3<<20))
	long.MaxRecord = 1 << 20
	if _, err := long.line(); err == nil || cap(long.long) > 4<<20 {
		t.Errorf("%v, %d bytes of memory", err, cap(long.long))
	}
}
