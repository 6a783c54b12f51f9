// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printf prints with the characters that a terminal obeys written as in Go: names of files and answers of servers may
// have them.
func printf(w io.Writer, format string, args ...any) error {
	var b strings.Builder
	for text := fmt.Sprintf(format, args...); text != ""; {
		r, n := utf8.DecodeRuneInString(text)
		part := text[:n]
		text = text[n:]
		if r != '\n' && (unicode.IsControl(r) || r == utf8.RuneError && n == 1) {
			part = strings.Trim(strconv.Quote(part), `"`)
		}
		b.WriteString(part)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
