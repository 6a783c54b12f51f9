// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// fuzzMessages are one value of each type that a client reads.
var fuzzMessages = []any{wire.InfoMessage{}, wire.StructureMessage{}, wire.LogMessage{}, wire.PageMessage{}, wire.KeysMessage{}, wire.TreeMessage{},
	wire.SQLMessage{}, wire.ErrorMessage{}, wire.HistoryMessage{}, wire.CheckLine{}, wire.SQLRequest{}, engine.Stats{}, []wire.Cell{}, wire.Bytes{}}

// FuzzUnmarshal: whatever a server answers is a message or an error, and a message is the same after it was written and
// read again. The bytes of a key or a value are never more than it is said to have.
func FuzzUnmarshal(f *testing.F) {
	for i, m := range fuzzMessages {
		raw, err := wire.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), raw)
	}
	for _, s := range []string{`["a",1,-1,1.5,null,{"int":"9007199254740993"},{"real":"NaN"},{"hex":"ff","len":3},{"text":"a","len":-1}]`,
		`{"text":"abc","len":1}`, `{"hex":"0","len":1}`, `null`, `{"int":null}`, `[[]]`, `{"uptime":1e300}`} {
		f.Add(byte(len(fuzzMessages)-2), []byte(s))
		f.Add(byte(len(fuzzMessages)-1), []byte(s))
	}
	f.Fuzz(func(t *testing.T, which byte, raw []byte) {
		typ := reflect.TypeOf(fuzzMessages[int(which)%len(fuzzMessages)])
		v := reflect.New(typ)
		if wire.Unmarshal(raw, v.Interface()) != nil {
			return
		}
		sound(t, v.Elem())
		first, err := wire.Marshal(v.Elem().Interface())
		if err != nil {
			t.Fatalf("%v is read from %s and cannot be written: %v", typ, raw, err)
		}
		w := reflect.New(typ)
		if err := wire.Unmarshal(first, w.Interface()); err != nil {
			t.Fatalf("%s was written and cannot be read: %v", first, err)
		}
		again, err := wire.Marshal(w.Elem().Interface())
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%v: %s becomes %s, %v", typ, first, again, err)
		}
	})
}

// sound looks at all Bytes in a value.
func sound(t *testing.T, v reflect.Value) {
	t.Helper()
	if b, ok := v.Interface().(wire.Bytes); ok {
		if b.Len < len(b.Data) {
			t.Errorf("%d bytes of %d", len(b.Data), b.Len)
		}
		return
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			sound(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				sound(t, v.Field(i))
			}
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			sound(t, v.Elem())
		}
	}
}
