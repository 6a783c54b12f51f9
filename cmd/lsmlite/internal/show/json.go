// SPDX-License-Identifier: Apache-2.0

package show

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Base64Suffix is what the name of a field in JSON ends with if its bytes are no UTF-8, and are base64 for that.
const Base64Suffix = "_base64"

// jsonRows is the modes json and jsonl: objects with a field for each column. Bytes that are UTF-8 are strings, others
// are in a field whose name ends in Base64Suffix. Numbers are numbers; infinite ones, which JSON lacks, are "Inf".
type jsonRows struct {
	printer
	lines bool // one object a line, and no array
	rows  int
	names []jsonName
}

// jsonName is a column: the beginning of its field, for text and for base64.
type jsonName struct{ text, base64 string }

func newJSON(p printer) Rows  { return &jsonRows{printer: p} }
func newJSONL(p printer) Rows { return &jsonRows{printer: p, lines: true} }

// Columns gives each column names that no other has: columns may have the same.
func (j *jsonRows) Columns(names []string) error {
	taken := make(map[string]bool)
	for _, name := range names {
		unique := name
		for n := 2; taken[unique] || taken[unique+Base64Suffix]; n++ {
			unique = name + "_" + strconv.Itoa(n)
		}
		taken[unique], taken[unique+Base64Suffix] = true, true
		j.names = append(j.names, jsonName{jsonString(unique) + ":", jsonString(unique+Base64Suffix) + ":"})
	}
	if !j.lines {
		return j.w.WriteByte('[')
	}
	return nil
}

func (j *jsonRows) Row(values []any) error {
	if !j.lines && j.rows > 0 {
		j.w.WriteString(",\n")
	}
	j.rows++
	j.w.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			j.w.WriteByte(',')
		}
		j.field(j.names[i], v)
	}
	j.w.WriteByte('}')
	if j.lines {
		j.w.WriteByte('\n')
	}
	return j.failed()
}

func (j *jsonRows) field(name jsonName, v any) {
	if b, ok := isBytes(v); ok {
		if utf8.Valid(b) {
			j.w.WriteString(name.text + jsonString(string(b)))
			return
		}
		j.w.WriteString(name.base64 + `"`)
		enc := base64.NewEncoder(base64.StdEncoding, j.w)
		enc.Write(b)
		enc.Close()
		j.w.WriteByte('"')
		return
	}
	j.w.WriteString(name.text)
	f, isFloat := v.(float64)
	switch {
	case v == nil:
		j.w.WriteString("null")
	case isNumber(v) && !(isFloat && (math.IsInf(f, 0) || math.IsNaN(f))):
		j.w.WriteString(plain(v))
	default:
		j.w.WriteString(jsonString(plain(v)))
	}
}

func (j *jsonRows) End() error {
	if !j.lines {
		j.w.WriteString("]\n")
	}
	return j.w.Flush()
}

// jsonString renders valid UTF-8. Characters that are not printable are escaped, so that terminals show them.
func jsonString(s string) string {
	if simple(s) {
		return `"` + s + `"`
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(fmt.Sprintf("show: a text is no JSON: %v", err))
	}
	s = string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if !hidden(r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// simple says whether text stands for itself in JSON.
func simple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// hidden says whether a character has no form of its own.
func hidden(r rune) bool { return !unicode.IsPrint(r) }
