// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// ParseRow returns the row of a line that AppendRow has written.
func ParseRow(s []byte) (key, value []byte, err error) {
	if key, value, ok := simpleRow(s); ok {
		return key, value, nil
	}
	l := map[string]*string{"key": nil, "key_base64": nil, "value": nil, "value_base64": nil}
	err = object(s, func(name string, raw json.RawMessage) error {
		text, known := l[name]
		switch {
		case !known:
			return unknown(name)
		case text != nil:
			return twice(name)
		case raw[0] != '"':
			return fmt.Errorf("the field %q is %s, and must be a string", name, kindOf(raw))
		}
		text = new(string)
		l[name] = text
		return json.Unmarshal(raw, text)
	})
	if err != nil {
		return nil, nil, err
	}
	if key, err = pick("key", l["key"], l["key_base64"]); err != nil {
		return nil, nil, err
	}
	value, err = pick("value", l["value"], l["value_base64"])
	return key, value, err
}

// The parts of a line around key and value.
var start, middle, end = []byte(`{"key":"`), []byte(`","value":"`), []byte(`"}`)

// simpleRow is ParseRow for lines of ASCII without escapes, which are most.
func simpleRow(s []byte) (key, value []byte, ok bool) {
	rest, begins := bytes.CutPrefix(s, start)
	rest, ends := bytes.CutSuffix(rest, end)
	key, value, both := bytes.Cut(rest, middle)
	if !begins || !ends || !both || !simple(key) || !simple(value) {
		return nil, nil, false
	}
	return key, value, true
}

// unknown is the error of a field that AppendRow does not write. Names in other case are other names.
func unknown(name string) error {
	return fmt.Errorf("unknown field %q; --key-field NAME takes a field as the key, and the whole object as the value", name)
}

// twice is the error of a name that two fields have: which of them counts is not defined.
func twice(name string) error { return fmt.Errorf("there are two fields %q", name) }

// pick returns the bytes of one of two fields.
func pick(name string, plain, base *string) ([]byte, error) {
	switch {
	case plain != nil && base != nil:
		return nil, fmt.Errorf("there are both %s and %s_base64", name, name)
	case plain != nil:
		return []byte(*plain), nil
	case base != nil:
		b, err := base64.StdEncoding.DecodeString(*base)
		if err != nil {
			return nil, fmt.Errorf("%s_base64 is not base64: %s", name, clip([]byte(*base)))
		}
		return b, nil
	}
	return nil, fmt.Errorf("there is no %s, nor %s_base64", name, name)
}

// Fields says which fields of an object are the row.
type Fields struct {
	Key   string // its text, or, if it is no string, its JSON
	Value string // in the same way; "" is the whole object
}

// Parse returns the row that a line is.
func (f Fields) Parse(s []byte) (key, value []byte, err error) {
	found := map[string]json.RawMessage{f.Key: nil}
	if f.Value != "" {
		found[f.Value] = nil
	}
	err = object(s, func(name string, raw json.RawMessage) error {
		old, wanted := found[name]
		if old != nil {
			return twice(name)
		}
		if wanted {
			found[name] = raw
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if raw := found[f.Key]; raw != nil && (raw[0] == 'n' || raw[0] == '{' || raw[0] == '[') {
		return nil, nil, fmt.Errorf("the field %q is %s, and a key must be a string, a number, true or false", f.Key, kindOf(raw))
	}
	if key, err = field(found, f.Key); err != nil {
		return nil, nil, err
	}
	if f.Value == "" {
		return key, bytes.TrimSpace(s), nil
	}
	value, err = field(found, f.Value)
	return key, value, err
}

// field returns what a field of an object is.
func field(found map[string]json.RawMessage, name string) ([]byte, error) {
	raw := found[name]
	if raw == nil {
		return nil, fmt.Errorf("there is no field %q", name)
	}
	if raw[0] != '"' {
		return raw, nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return []byte(s), err
}
