// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"
)

var (
	marshaler   = reflect.TypeFor[json.Marshaler]()
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	durations   = reflect.TypeFor[time.Duration]()
	bytesType   = reflect.TypeFor[[]byte]()
)

// Marshal returns v as JSON. Fields of structs have the names of nameOf, a duration is a number of
// seconds, and a slice of bytes is a Bytes. An empty slice is [], never null. Maps have strings as
// keys.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b, reflect.ValueOf(v))
	return b.Bytes(), err
}

func write(b *bytes.Buffer, v reflect.Value) error {
	switch {
	case !v.IsValid():
		b.WriteString("null")
		return nil
	case v.Type() == durations:
		return plain(b, v.Interface().(time.Duration).Seconds())
	case v.Type() == bytesType:
		return plain(b, Bytes{Data: v.Bytes(), Len: v.Len()})
	case v.Type().Implements(marshaler):
		return plain(b, v.Interface())
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return write(b, v.Elem())
	case reflect.Slice, reflect.Array:
		return list(b, v)
	case reflect.Struct:
		return object(b, v)
	}
	return plain(b, v.Interface())
}

func plain(b *bytes.Buffer, v any) error {
	raw, err := json.Marshal(v)
	b.Write(raw)
	return err
}

func list(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := write(b, v.Index(i)); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

func object(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('{')
	for i, f := range fieldsOf(v.Type()) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + f.name + `":`)
		if err := write(b, v.FieldByIndex(f.index)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}
