// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// literal writes bytes so that they take one line and can be read back: text as it is, text with what cannot be
// printed in it in double quotes with escapes, everything else as x'00ff'.
func literal(b []byte) string {
	if !utf8.Valid(b) {
		return "x'" + hex.EncodeToString(b) + "'"
	}
	s := string(b)
	printable := !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
	if printable && !strings.HasPrefix(s, `"`) && !strings.HasPrefix(s, "x'") {
		return s
	}
	return strconv.Quote(s)
}

// show writes a value of a row.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return literal(v)
	case string:
		return literal([]byte(v))
	}
	return fmt.Sprint(v)
}
