// SPDX-License-Identifier: Apache-2.0

package show_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/parser"
)

// readers read back two columns of bytes, as a program would.
var readers = map[show.Mode]func(s string) ([2][]byte, error){
	show.CSV: func(s string) (row [2][]byte, err error) {
		fields, err := csv.NewReader(strings.NewReader(s)).Read()
		if err != nil {
			return row, err
		}
		return parsed(fields)
	},
	show.List: func(s string) ([2][]byte, error) { return parsed(strings.Split(strings.TrimSuffix(s, "\n"), "|")) },
	"tabs":    func(s string) ([2][]byte, error) { return parsed(strings.Split(strings.TrimSuffix(s, "\n"), "\t")) },
	show.Line: func(s string) ([2][]byte, error) {
		lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
		for i, name := range []string{"  key = ", "value = "} {
			lines[i] = strings.TrimPrefix(lines[i], name)
		}
		return parsed(lines)
	},
	"hex": func(s string) (row [2][]byte, err error) {
		k, v, _ := strings.Cut(strings.TrimSuffix(s, "\n"), "|")
		if row[0], err = hex.DecodeString(k); err == nil {
			row[1], err = hex.DecodeString(v)
		}
		return row, err
	},
	show.JSONL: func(s string) (row [2][]byte, err error) {
		var fields map[string]string
		if err := json.Unmarshal([]byte(s), &fields); err != nil {
			return row, err
		}
		return fromJSON(fields)
	},
	show.JSON: func(s string) (row [2][]byte, err error) {
		var rows []map[string]string
		if err := json.Unmarshal([]byte(s), &rows); err != nil || len(rows) != 1 {
			return row, fmt.Errorf("%d rows, %v", len(rows), err)
		}
		return fromJSON(rows[0])
	},
	"quote":     func(s string) ([2][]byte, error) { return literals("INSERT INTO kv VALUES (" + s + ")") },
	show.Insert: literals,
}

func parsed(fields []string) (row [2][]byte, err error) {
	if len(fields) != 2 {
		return row, fmt.Errorf("%d fields: %q", len(fields), fields)
	}
	if row[0], err = text.Parse(fields[0]); err == nil {
		row[1], err = text.Parse(fields[1])
	}
	return row, err
}

func fromJSON(fields map[string]string) (row [2][]byte, err error) {
	for i, name := range []string{"key", "value"} {
		if s, ok := fields[name]; ok {
			row[i] = []byte(s)
		} else if row[i], err = base64.StdEncoding.DecodeString(fields[name+show.Base64Suffix]); err != nil {
			return row, err
		}
	}
	if len(fields) != 2 {
		err = fmt.Errorf("%d fields", len(fields))
	}
	return row, err
}

// literals reads the two values of an INSERT.
func literals(s string) (row [2][]byte, err error) {
	list, err := parser.Parse(s)
	if err != nil {
		return row, err
	}
	values := list[0].Body.(*parser.Insert).Rows
	if len(list) != 1 || len(values) != 1 {
		return row, fmt.Errorf("%d statements of %d rows", len(list), len(values))
	}
	for i, v := range values[0] {
		row[i] = v.(*parser.Literal).Value.Bytes
	}
	return row, nil
}

// FuzzLossless: whatever the bytes of a key and a value, every lossless mode gives them back.
func FuzzLossless(f *testing.F) {
	for _, s := range []string{"", "a", "x'00'", `"a"`, "a|b", "a\tb", "a,b", "a\r\nb", "a\nb", "\"\n\"", "'", "\xff|\t", "\u202e", "x'\n'", " a", "#", "\\|", `\x7c|`,
		"é|\\\""} {
		f.Add([]byte(s), []byte("v"))
		f.Add([]byte("k"), []byte(s))
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		for mode, read := range readers {
			var b bytes.Buffer
			r := show.New(&b, show.Options{Mode: mode})
			if err := r.Columns([]string{"key", "value"}); err != nil {
				t.Fatal(err)
			}
			if err := r.Row([]any{key, value}); err != nil {
				t.Fatal(err)
			}
			if err := r.End(); err != nil {
				t.Fatal(err)
			}
			row, err := read(b.String())
			if err != nil || !bytes.Equal(row[0], key) || !bytes.Equal(row[1], value) {
				t.Errorf("mode %s prints %q, %q as %q, which reads as %q, %v", mode, key, value, b.String(), row, err)
			}
		}
	})
}
