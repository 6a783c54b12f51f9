// SPDX-License-Identifier: Apache-2.0

package show

import (
	"encoding/hex"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// Literal renders a value as SQL: NULL, a number, 'text' or x'00ff'.
func Literal(v any) string {
	if v == nil {
		return "NULL"
	}
	b, ok := isBytes(v)
	switch f, isFloat := v.(float64); {
	case ok && literalText(string(b)):
		return "'" + strings.ReplaceAll(string(b), "'", "''") + "'"
	case ok:
		return "x'" + hex.EncodeToString(b) + "'"
	case isFloat && math.IsInf(f, 0):
		return strings.Replace(plain(f), "Inf", "9e999", 1)
	}
	if s := plain(v); isNumber(v) {
		return s
	} else {
		return "'" + s + "'"
	}
}

// literalText says whether text can be between quotes: a person can read it, and no terminal or editor changes it.
func literalText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, int, uint64, float64, bool:
		return true
	}
	return false
}

// insert is mode insert.
type insert struct {
	printer
	statement string
}

func newInsert(p printer) Rows { return &insert{printer: p, statement: "INSERT INTO kv VALUES ("} }

func (m *insert) Columns(names []string) error {
	if len(names) != 2 {
		return env.Errorf(env.Refused, "mode insert prints rows of two columns, which are key and value in the INSERT; here are %d", len(names))
	}
	if names[0] == "value" && names[1] == "key" {
		m.statement = "INSERT INTO kv (value, key) VALUES ("
	}
	return nil
}

func (m *insert) Row(values []any) error {
	m.w.WriteString(m.statement)
	for i, v := range values {
		if i > 0 {
			m.w.WriteString(", ")
		}
		m.w.WriteString(Literal(v))
	}
	_, err := m.w.WriteString(");\n")
	return err
}
