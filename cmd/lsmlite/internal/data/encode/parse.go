// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// line is what AppendRow writes.
type line struct {
	Key         *string `json:"key"`
	KeyBase64   *string `json:"key_base64"`
	Value       *string `json:"value"`
	ValueBase64 *string `json:"value_base64"`
}

// ParseRow returns the row of a line that AppendRow has written.
func ParseRow(s []byte) (key, value []byte, err error) {
	if key, value, ok := simpleRow(s); ok {
		return key, value, nil
	}
	if err := check(s); err != nil {
		return nil, nil, err
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(s))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return nil, nil, explain(err)
	}
	if dec.InputOffset() < int64(len(bytes.TrimRight(s, " \t\r\n"))) {
		return nil, nil, errors.New("there is more than one value on the line")
	}
	if key, err = pick("key", l.Key, l.KeyBase64); err != nil {
		return nil, nil, err
	}
	value, err = pick("value", l.Value, l.ValueBase64)
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

// explain says more than the library about a field that is not known.
func explain(err error) error {
	if s := err.Error(); strings.Contains(s, "unknown field") {
		return fmt.Errorf("%s; --key-field NAME takes a field as the key, and the whole object as the value",
			strings.TrimPrefix(s, "json: "))
	}
	return err
}

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

// errHalf is what a line has that encoding/json would replace by another character.
var errHalf = errors.New(`a \u escape of half a surrogate pair stands for no text`)

// check refuses a line of which encoding/json would change something.
func check(s []byte) error {
	if !utf8.Valid(s) {
		return errors.New("the line is not UTF-8")
	}
	for i := bytes.IndexByte(s, '\\'); i >= 0 && i+1 < len(s); {
		next := i + 2
		switch r := escaped(s[i:]); {
		case r >= 0xd800 && r < 0xdc00:
			if low := escaped(s[min(i+6, len(s)):]); low < 0xdc00 || low > 0xdfff {
				return errHalf
			}
			next = i + 12
		case r >= 0xdc00 && r <= 0xdfff:
			return errHalf
		}
		more := bytes.IndexByte(s[next:], '\\')
		if more < 0 {
			return nil
		}
		i = next + more
	}
	return nil
}

// escaped returns the number of the \u escape at the beginning of s, or -1.
func escaped(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// Fields says which fields of an object are the row.
type Fields struct {
	Key   string // its text, or, if it is no string, its JSON
	Value string // in the same way; "" is the whole object
}

// Parse returns the row that a line is.
func (f Fields) Parse(s []byte) (key, value []byte, err error) {
	if err := check(s); err != nil {
		return nil, nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(s, &object); err != nil {
		return nil, nil, err
	}
	if key, err = field(object, f.Key); err != nil {
		return nil, nil, err
	}
	if f.Value == "" {
		return key, bytes.TrimSpace(s), nil
	}
	value, err = field(object, f.Value)
	return key, value, err
}

// field returns what a field of an object is.
func field(object map[string]json.RawMessage, name string) ([]byte, error) {
	raw, ok := object[name]
	if !ok {
		return nil, fmt.Errorf("there is no field %q", name)
	}
	if raw[0] != '"' {
		return raw, nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return []byte(s), err
}
