// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// field is a field of a struct that messages have.
type field struct {
	name  string // in JSON
	index []int
}

var known sync.Map // of []field, by type

// fieldsOf returns the fields of a type of structs, those of embedded structs included.
func fieldsOf(t reflect.Type) []field {
	if list, ok := known.Load(t); ok {
		return list.([]field)
	}
	var list []field
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			list = append(list, field{nameOf(f), f.Index})
		}
	}
	known.Store(t, list)
	return list
}

// nameOf returns the name that a field has in JSON: PagesWritten is pages_written there. The names
// are those of the columns of PRAGMA.
func nameOf(f reflect.StructField) string {
	var b strings.Builder
	runes := []rune(f.Name)
	for i, r := range runes {
		if unicode.IsUpper(r) {
			lowerBefore := i > 0 && !unicode.IsUpper(runes[i-1])
			lowerAfter := i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if lowerBefore || lowerAfter {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
