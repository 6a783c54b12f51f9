// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// AppendRow appends a row as a line of JSON without its newline: {"key":"…","value":"…"}, with
// key_base64 and value_base64 in place of what is no UTF-8 text.
func AppendRow(dst, key, value []byte) []byte {
	dst = appendField(append(dst, '{'), "key", key)
	dst = appendField(append(dst, ','), "value", value)
	return append(dst, '}')
}

// AppendKey appends a key as AppendRow does, without a value.
func AppendKey(dst, key []byte) []byte {
	return append(appendField(append(dst, '{'), "key", key), '}')
}

// appendField appends a name and bytes.
func appendField(dst []byte, name string, b []byte) []byte {
	dst = append(append(dst, '"'), name...)
	if !utf8.Valid(b) {
		dst = append(dst, `_base64":"`...)
		return append(base64.StdEncoding.AppendEncode(dst, b), '"')
	}
	return AppendString(append(dst, `":`...), b)
}

// AppendString appends text as a string of JSON.
func AppendString(dst, s []byte) []byte {
	if simple(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(string(s)) // a string cannot fail, nor can a buffer
	return append(dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// simple says whether text needs no escapes.
func simple(s []byte) bool {
	for _, c := range s {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
