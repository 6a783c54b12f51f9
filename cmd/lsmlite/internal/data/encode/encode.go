// SPDX-License-Identifier: Apache-2.0

// Package encode turns bytes into the text of a file, and back: the encodings of CSV columns, and
// rows as lines of JSON. It belongs to package data.
package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Encoding says how bytes are written as text.
type Encoding string

// The encodings.
const (
	Text   Encoding = "text"   // as they are, if they are text
	Hex    Encoding = "hex"    // two hexadecimal digits for each byte
	Base64 Encoding = "base64" // with padding
	Shown  Encoding = "shown"  // as lsmlite scan shows them: text, x'00ff', or "with \x00 escapes"
)

// Encodings lists the encodings.
var Encodings = []Encoding{Text, Hex, Base64, Shown}

// errNotText is what Append returns for bytes that would not come back from a text file.
var errNotText = errors.New("is no text that can be read back: it has a NUL, or is not UTF-8; " +
	"choose the encoding hex, base64 or shown")

// Append appends bytes to dst as text.
func (e Encoding) Append(dst, b []byte) ([]byte, error) {
	switch e {
	case Hex:
		return hex.AppendEncode(dst, b), nil
	case Base64:
		return base64.StdEncoding.AppendEncode(dst, b), nil
	case Shown:
		return append(dst, text.Show(b)...), nil
	}
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return dst, errNotText
	}
	return append(dst, b...), nil
}

// AppendDecoded appends the bytes that s stands for to dst.
func (e Encoding) AppendDecoded(dst, s []byte) ([]byte, error) {
	switch e {
	case Hex:
		out, err := hex.AppendDecode(dst, s)
		if err != nil {
			return dst, fmt.Errorf("is not hexadecimal: %s", clip(s))
		}
		return out, nil
	case Base64:
		out, err := base64.StdEncoding.AppendDecode(dst, s)
		if err != nil {
			return dst, fmt.Errorf("is not base64: %s", clip(s))
		}
		return out, nil
	case Shown:
		b, err := text.Parse(string(s))
		if err != nil {
			return dst, err
		}
		return append(dst, b...), nil
	}
	return append(dst, s...), nil
}

// clip shows the beginning of a text.
func clip(s []byte) string {
	const most = 40
	if len(s) > most {
		return text.Show(s[:most]) + "…"
	}
	return text.Show(s)
}
