// SPDX-License-Identifier: Apache-2.0

package parser

// Character classes, by byte. Every byte of a character outside ASCII is idStart, as in
// SQLite.
const (
	idStart = 1 << iota
	idPart
	digit
	hexDigit
	blank
)

var classes = func() (c [256]uint8) {
	for i := range c {
		b := byte(i)
		switch {
		case b >= '0' && b <= '9':
			c[i] = idPart | digit | hexDigit
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			c[i] = idStart | idPart | hexDigit
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80:
			c[i] = idStart | idPart
		case b == '$':
			c[i] = idPart
		case b == ' ' || b == '\t' || b == '\n' || b == '\f' || b == '\r':
			c[i] = blank
		}
	}
	return c
}()

// upperASCII returns s with the letters a to z in upper case. Others stay: SQL words
// match in ASCII only.
func upperASCII(s string) string { return mapASCII(s, 'a', 'z') }

// lowerASCII returns s with the letters A to Z in lower case.
func lowerASCII(s string) string { return mapASCII(s, 'A', 'Z') }

// mapASCII switches the case of the letters from first to last.
func mapASCII(s string, first, last byte) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= first && s[i] <= last {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= first && b[i] <= last {
					b[i] ^= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

func foldASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
