// SPDX-License-Identifier: Apache-2.0

package histories

import (
	"bytes"
	"fmt"
	"strconv"
)

// NumKeys is how many keys there are in a history of transactions.
const NumKeys = 6

// State is the value of each key; 0 is that of a key that is not there. Values that clients write are never written
// twice, so that a value says which write it is of.
type State [NumKeys]uint32

// Key returns the key of that number in a database. They are ordered as their numbers are.
func Key(k int) []byte { return fmt.Appendf(nil, "key %d", k) }

// Value returns what is stored for a value: its digits and a filling that follows from it, up to 4,000 bytes.
func Value(v uint32) []byte {
	out := append(strconv.AppendUint(nil, uint64(v), 10), ':')
	return append(out, bytes.Repeat(out[:1], int(v*2654435761>>20)%4000)...)
}

// ParseValue returns the value that was stored, if it is as Value made it.
func ParseValue(stored []byte) (uint32, error) {
	digits, _, _ := bytes.Cut(stored, []byte(":"))
	v, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil || !bytes.Equal(stored, Value(uint32(v))) {
		return 0, fmt.Errorf("%d bytes that begin with %.20q are no value that was written", len(stored), stored)
	}
	return uint32(v), nil
}

// ParseKey returns the number of a key.
func ParseKey(key []byte) (int, error) {
	for k := range NumKeys {
		if bytes.Equal(key, Key(k)) {
			return k, nil
		}
	}
	return 0, fmt.Errorf("key %q was never written", key)
}
