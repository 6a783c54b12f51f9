// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// inlineValueMax is the largest value, in bytes, that a listing spells out.
const inlineValueMax = 64

// listed is a line of a listing: the key in hex, and the value in hex or, if
// it is long, its length and SHA-256.
type listed struct {
	K   string  `json:"k"`
	V   *string `json:"v,omitempty"`
	N   int     `json:"n,omitempty"`
	SHA string  `json:"sha256,omitempty"`
}

// CompareListing compares rows with a listing, one JSON object a line in key
// order: {"k":HEX,"v":HEX}, or {"k":HEX,"n":LENGTH,"sha256":HEX} for a value of
// more than 64 bytes. The error describes the first difference.
func CompareListing(listing io.Reader, rows []Row) error {
	in := bufio.NewScanner(listing)
	in.Buffer(nil, 1<<26)
	n := 0
	for ; in.Scan(); n++ {
		var want listed
		if err := json.Unmarshal(in.Bytes(), &want); err != nil {
			return fmt.Errorf("read listing line %d: %w", n+1, err)
		}
		if n >= len(rows) {
			return fmt.Errorf("row %d: missing key %s", n, want.K)
		}
		if err := want.matches(rows[n]); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("read listing: %w", err)
	}
	if n < len(rows) {
		return fmt.Errorf("row %d: extra key %x", n, rows[n].Key)
	}
	return nil
}

func (l listed) matches(r Row) error {
	if got := hex.EncodeToString(r.Key); got != l.K {
		return fmt.Errorf("key %s, want %s", got, l.K)
	}
	if l.V != nil {
		if got := hex.EncodeToString(r.Value); got != *l.V {
			return fmt.Errorf("key %s has value %s, want %s", l.K, got, *l.V)
		}
		return nil
	}
	sum := sha256.Sum256(r.Value)
	if len(r.Value) != l.N || hex.EncodeToString(sum[:]) != l.SHA {
		return fmt.Errorf("key %s has a value of %d bytes, SHA-256 %x; want %d bytes, %s",
			l.K, len(r.Value), sum, l.N, l.SHA)
	}
	return nil
}

// WriteListing writes rows in the form that CompareListing reads.
func WriteListing(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, r := range rows {
		l := listed{K: hex.EncodeToString(r.Key)}
		if len(r.Value) <= inlineValueMax {
			v := hex.EncodeToString(r.Value)
			l.V = &v
		} else {
			sum := sha256.Sum256(r.Value)
			l.N, l.SHA = len(r.Value), hex.EncodeToString(sum[:])
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return out.Flush()
}
