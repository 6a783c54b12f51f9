// SPDX-License-Identifier: Apache-2.0

package session

import "fmt"

// quote writes a key of type t for an error: as its number if it has one, as text if it is
// one, else in hexadecimal.
func (t Type) quote(key []byte) string {
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
