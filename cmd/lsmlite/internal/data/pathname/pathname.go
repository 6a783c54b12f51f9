// SPDX-License-Identifier: Apache-2.0

// Package pathname turns keys into the names of files below a folder, and back. It belongs to package data.
//
// A key is a path with slashes. Names that a system cannot have, or that lead elsewhere, are escaped: %XX
// stands for a byte, in names also for a dot or a letter, %- is an empty name, a folder whose name ends in
// %~ continues in the next name, and %+ at the end of a name has no meaning except that it makes another
// name. So Key(Path(k)) is k for all keys, and no path leads out of its folder.
package pathname

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxName is how long a name gets before it is continued in the next one: systems allow 255 bytes, and some
// add to a name.
const MaxName = 200

// Style says what is escaped besides what always is.
type Style struct {
	// Windows escapes the characters and names that Windows does not allow.
	Windows bool
}

// The marks of names.
const (
	empty = "%-"
	goes  = "%~" // on in the next name
	other = "%+"
)

// Path returns the slash-separated path of the file for a key.
func (s Style) Path(key []byte) string {
	var out []string
	for _, name := range strings.Split(string(key), "/") {
		out = append(out, s.names(name)...)
	}
	return strings.Join(out, "/")
}

// names returns what a part of a key between two slashes becomes.
func (s Style) names(part string) []string {
	if part == "" {
		return []string{empty}
	}
	var out []string
	var b strings.Builder
	for i := 0; i < len(part); {
		r, n := utf8.DecodeRuneInString(part[i:])
		piece := part[i : i+n]
		if s.escapes(part, i, r, n) {
			piece = ""
			for _, c := range []byte(part[i : i+n]) {
				piece += fmt.Sprintf("%%%02x", c)
			}
		}
		if b.Len()+len(piece) > MaxName {
			out = append(out, b.String()+goes)
			b.Reset()
		}
		b.WriteString(piece)
		i += n
	}
	return append(out, b.String())
}

// escapes says whether the rune at i is escaped.
func (s Style) escapes(part string, i int, r rune, n int) bool {
	switch {
	case r == '%', r < ' ', r == 0x7f, r == utf8.RuneError && n == 1:
		return true
	case r == '.' && strings.Trim(part, ".") == "": // ., .. and their like
		return true
	case !s.Windows:
		return false
	case strings.ContainsRune(`<>:"\|?*`, r):
		return true
	case i+n == len(part) && (r == '.' || r == ' '):
		return true
	}
	return i == 0 && reserved(part)
}

// reserved says whether a name is that of a device on Windows.
func reserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit := strings.TrimPrefix(strings.TrimPrefix(base, "COM"), "LPT")
	if len(digit) == len(base) {
		return false
	}
	return len(digit) == 1 && digit >= "0" && digit <= "9" || digit == "¹" || digit == "²" || digit == "³"
}

// Another returns another name for the same part of a key, for where the name is taken.
func Another(name string) string { return name + other }

// Key returns the key of a path that Path has returned, also if some of its names were made by Another.
func Key(path string) ([]byte, error) {
	var key []byte
	slash := false
	for _, name := range strings.Split(path, "/") {
		if slash {
			key = append(key, '/')
		}
		for strings.HasSuffix(name, other) {
			name = strings.TrimSuffix(name, other)
		}
		name, on := strings.CutSuffix(name, goes)
		slash = !on
		if name == empty {
			continue
		}
		var err error
		if key, err = appendUnescaped(key, name); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return key, nil
}

// appendUnescaped appends what a name stands for.
func appendUnescaped(dst []byte, name string) ([]byte, error) {
	for {
		before, after, found := strings.Cut(name, "%")
		dst = append(dst, before...)
		if !found {
			return dst, nil
		}
		if len(after) < 2 {
			return dst, fmt.Errorf("%% with nothing after it is no escape")
		}
		b, err := hex.DecodeString(after[:2])
		if err != nil {
			return dst, fmt.Errorf("%%%s is no escape", after[:2])
		}
		dst, name = append(dst, b...), after[2:]
	}
}
