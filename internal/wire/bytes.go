// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Bytes is a key, a value or a part of one. As JSON it is a string if it is whole and UTF-8.
// Otherwise it is an object: text or hex has the bytes that are there, from the first one on, and
// len says how many there are in all.
type Bytes struct {
	Data []byte
	// Len is the length of the whole, at least that of Data.
	Len int
}

// Cut returns the bytes of b, or the first of them if there are more than most. It keeps no
// reference to b. A text is cut between two characters.
func Cut(b []byte, most int) Bytes {
	return CutOf(b, len(b), most)
}

// CutOf is Cut for the beginning of something that has whole bytes.
func CutOf(b []byte, whole, most int) Bytes {
	n := min(len(b), most)
	if n < whole {
		for k := n; k > n-utf8.UTFMax && k > 0; k-- {
			if utf8.Valid(b[:k]) {
				n = k
				break
			}
		}
	}
	return Bytes{Data: append([]byte{}, b[:n]...), Len: whole}
}

type cutBytes struct {
	Text *string `json:"text,omitempty"`
	Hex  *string `json:"hex,omitempty"`
	Len  int     `json:"len"`
}

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	valid := utf8.Valid(b.Data)
	if valid && b.Len == len(b.Data) {
		return json.Marshal(string(b.Data))
	}
	out := cutBytes{Len: b.Len}
	if s := string(b.Data); valid {
		out.Text = &s
	} else {
		s = hex.EncodeToString(b.Data)
		out.Hex = &s
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *Bytes) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		err := json.Unmarshal(raw, &s)
		*b = Bytes{Data: []byte(s), Len: len(s)}
		return err
	}
	var in cutBytes
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	switch {
	case in.Text != nil:
		b.Data = []byte(*in.Text)
	case in.Hex != nil:
		var err error
		if b.Data, err = hex.DecodeString(*in.Hex); err != nil {
			return fmt.Errorf("bytes in hexadecimal: %w", err)
		}
	default:
		return fmt.Errorf("bytes that are neither text nor hex: %.80s", raw)
	}
	if in.Len < len(b.Data) {
		return fmt.Errorf("%d bytes of %d", len(b.Data), in.Len)
	}
	b.Len = in.Len
	return nil
}
