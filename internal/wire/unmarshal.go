// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"
)

// Unmarshal reads into v, a pointer, what Marshal has made of the same type. Fields that the JSON
// does not have stay as they are, and names that v does not have are passed over, so that a program
// can read what an older or a newer one has written.
func Unmarshal(raw []byte, v any) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("a pointer is needed to read JSON into, and not %T", v)
	}
	return read(raw, p.Elem())
}

func read(raw json.RawMessage, v reflect.Value) error {
	switch {
	case v.Type() == durations:
		var seconds float64
		err := json.Unmarshal(raw, &seconds)
		v.SetInt(int64(math.Round(seconds * float64(time.Second))))
		return err
	case v.Type() == bytesType:
		var b Bytes
		err := json.Unmarshal(raw, &b)
		v.SetBytes(b.Data)
		return err
	case v.Addr().Type().Implements(unmarshaler):
		return json.Unmarshal(raw, v.Addr().Interface())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return readList(raw, v)
	case reflect.Struct:
		return readObject(raw, v)
	case reflect.Pointer:
		if string(raw) == "null" {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return read(raw, v.Elem())
	}
	return json.Unmarshal(raw, v.Addr().Interface())
}

func readList(raw json.RawMessage, v reflect.Value) error {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return err
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	}
	for i := range min(len(items), v.Len()) {
		if err := read(items[i], v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func readObject(raw json.RawMessage, v reflect.Value) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for _, f := range fieldsOf(v.Type()) {
		if value, ok := fields[f.name]; ok {
			if err := read(value, v.FieldByIndex(f.index)); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	return nil
}
