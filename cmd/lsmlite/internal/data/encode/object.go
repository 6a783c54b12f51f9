// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// object calls f for each field of the object that a line is, in their order: encoding/json would take names in
// other case for the same, and the last of two fields of one name.
func object(s []byte, f func(name string, raw json.RawMessage) error) error {
	if err := check(s); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(s))
	first, err := dec.Token()
	if err != nil {
		return cut(err)
	}
	if first != json.Delim('{') {
		return fmt.Errorf("the line is %s, and must be an object", kindOf(bytes.TrimSpace(s)))
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return cut(err)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return cut(err)
		}
		if err := f(name.(string), raw); err != nil { // the decoder takes nothing else for a name
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return cut(err)
	}
	if dec.InputOffset() < int64(len(bytes.TrimRight(s, " \t\r\n"))) {
		return errors.New("there is more than one value on the line")
	}
	return nil
}

// cut says of a line that ends too early more than EOF, which an input ends with, too.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// kindOf names the kind of a JSON value by its first character.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
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
