package session

import "fmt"

// maxQuotedKeyBytes is how much of a key an error shows.
const maxQuotedKeyBytes = 64

// quoteKey writes a key of type t for an error: as its number if it has one, as text if it
// is one, else in hexadecimal.
func quoteKey(t Type, key []byte) string {
	if t.numeric() {
		if v, err := t.Keys().Decode(key); err == nil {
			return string(v.AppendText(nil))
		}
	}
	key, cut := cutKey(key)
	for _, b := range key {
		if b < ' ' || b > '~' {
			return fmt.Sprintf("x'%x%s'", key, cut)
		}
	}
	return fmt.Sprintf("'%s%s'", key, cut)
}

// cutKey returns what an error shows of a key, and what stands for the rest.
func cutKey(key []byte) (shown []byte, rest string) {
	if len(key) > maxQuotedKeyBytes {
		return key[:maxQuotedKeyBytes], "…"
	}
	return key, ""
}
