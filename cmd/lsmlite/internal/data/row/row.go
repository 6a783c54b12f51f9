// SPDX-License-Identifier: Apache-2.0

// Package row has what moves between inputs, databases and outputs: rows, ranges of keys, and
// batches of rows in bounded memory. The packages of data import it; it imports none of them.
package row

import "bytes"

// Row is a key and its value. Who returns one says how long its bytes are valid.
type Row struct{ Key, Value []byte }

// Range is the keys from From on that are less than To. Nil From is the first key, and nil To has
// no end.
type Range struct{ From, To []byte }

// Prefix returns the range of the keys that begin with p.
func Prefix(p []byte) Range { return Range{From: p, To: after(p)} }

// after returns the least key that is greater than all keys with a prefix, or nil if there is none.
func after(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] < 0xff {
			next := bytes.Clone(p[:i+1])
			next[i]++
			return next
		}
	}
	return nil
}

// And returns the keys that are in both ranges.
func (r Range) And(o Range) Range {
	if bytes.Compare(o.From, r.From) > 0 {
		r.From = o.From
	}
	if r.To == nil || o.To != nil && bytes.Compare(o.To, r.To) < 0 {
		r.To = o.To
	}
	return r
}

// Has says whether a key is in the range.
func (r Range) Has(key []byte) bool {
	return bytes.Compare(key, r.From) >= 0 && (r.To == nil || bytes.Compare(key, r.To) < 0)
}

// Empty says whether no key can be in the range.
func (r Range) Empty() bool { return r.To != nil && bytes.Compare(r.From, r.To) >= 0 }
