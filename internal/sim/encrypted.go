// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// encrypt gives the options of a database a key, nil for none. Codecs that the second reader does not know are
// replaced, and the ciphers come in turn.
func encrypt(o *engine.Options, key []byte, seed uint64) {
	if key == nil {
		return
	}
	o.Key = keys.Raw(key)
	o.Cipher = []string{"aes-256-gcm", "chacha20-poly1305"}[seed%2]
	switch o.Compression {
	case "zstd":
		o.Compression = "lz4"
	case "snappy":
		o.Compression = "none"
	}
}

// keyOf returns the key of a seed's database: one of three has one.
func keyOf(seed uint64) []byte {
	if seed%3 != 0 {
		return nil
	}
	return bytes.Repeat([]byte{3}, keys.Size)
}

// Windows are the eights of bytes that are in rows, as far as nothing else can have them by chance: what no
// encrypted file shows.
type Windows struct {
	all   map[uint64]bool
	maybe [1 << 10]uint64 // bits of hashes of all
}

// most is how many bytes at the front of a key or value are looked for.
const most = 48

// Add takes those at the front of a key or value.
func (w *Windows) Add(row string) {
	if w.all == nil {
		w.all = make(map[uint64]bool)
	}
	var x uint64
	for i := range min(len(row), most) {
		x = x<<8 | uint64(row[i])
		if i >= 7 && distinct(row[i-7:i+1]) {
			w.all[x] = true
			h := hash(x)
			w.maybe[h/64] |= 1 << (h % 64)
		}
	}
}

// distinct reports whether eight bytes have at least four values: a few may be a number or padding.
func distinct(s string) bool {
	n := 0
	for i := range len(s) {
		if bytes.IndexByte([]byte(s[:i]), s[i]) < 0 {
			n++
		}
	}
	return n >= 4
}

func hash(x uint64) uint64 { return x * 0x9e3779b97f4a7c15 >> 48 }

// Find returns where one of them is in b, or -1.
func (w *Windows) Find(b []byte) int {
	var x uint64
	for i, c := range b {
		x = x<<8 | uint64(c)
		if h := hash(x); i >= 7 && w.maybe[h/64]&(1<<(h%64)) != 0 && w.all[x] {
			return i - 7
		}
	}
	return -1
}
