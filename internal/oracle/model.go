// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// A Model is what a database must hold: a plain map from keys to values.
type Model map[string]string

// Apply performs one operation.
func (m Model) Apply(op Op) {
	switch op.Kind {
	case OpPut:
		m[string(op.Key)] = string(op.Value)
	case OpDelete:
		delete(m, string(op.Key))
	case OpDeleteRange:
		m.DeleteRange(op.Key, op.Before)
	}
}

// DeleteRange removes the keys strictly between after and before.
func (m Model) DeleteRange(after, before []byte) {
	a, b := string(after), string(before)
	for k := range m {
		if a < k && k < b {
			delete(m, k)
		}
	}
}

// Clone returns a copy that shares nothing with m.
func (m Model) Clone() Model { return maps.Clone(m) }

// Keys returns the keys in order.
func (m Model) Keys() []string { return slices.Sorted(maps.Keys(m)) }

// Rows returns the rows in key order.
func (m Model) Rows() []Row {
	out := make([]Row, 0, len(m))
	for _, k := range m.Keys() {
		out = append(out, Row{Key: []byte(k), Value: []byte(m[k])})
	}
	return out
}

// ModelOf returns the model that holds the given rows.
func ModelOf(rows []Row) Model {
	m := make(Model, len(rows))
	for _, r := range rows {
		m[string(r.Key)] = string(r.Value)
	}
	return m
}

// A Sum stands for a whole scan: the number of rows, and FNV-1a (64 bits) over
// the length (4 bytes, little endian) and bytes of each key and value.
type Sum struct {
	Rows int64
	FNV  uint64
}

// SumOf sums up rows in the order given.
func SumOf(rows []Row) Sum {
	h := uint64(0xcbf29ce484222325)
	add := func(b []byte) {
		for _, x := range b {
			h = (h ^ uint64(x)) * 0x100000001b3
		}
	}
	var length [4]byte
	for _, r := range rows {
		for _, b := range [][]byte{r.Key, r.Value} {
			binary.LittleEndian.PutUint32(length[:], uint32(len(b)))
			add(length[:])
			add(b)
		}
	}
	return Sum{Rows: int64(len(rows)), FNV: h}
}

// Diff describes the first difference between two scans in key order, or
// returns "" if there is none.
func Diff(got, want []Row) string {
	for i := 0; i < len(got) || i < len(want); i++ {
		switch {
		case i >= len(got):
			return fmt.Sprintf("row %d: missing key %s; got %d rows, want %d", i, short(want[i].Key), len(got), len(want))
		case i >= len(want):
			return fmt.Sprintf("row %d: extra key %s; got %d rows, want %d", i, short(got[i].Key), len(got), len(want))
		case string(got[i].Key) != string(want[i].Key):
			return fmt.Sprintf("row %d: key %s, want %s; got %d rows, want %d", i, short(got[i].Key), short(want[i].Key), len(got), len(want))
		case string(got[i].Value) != string(want[i].Value):
			return fmt.Sprintf("row %d: key %s has value %s, want %s", i, short(got[i].Key), short(got[i].Value), short(want[i].Value))
		}
	}
	return ""
}

// short prints a byte string so that a message stays on one line.
func short(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q…(%d bytes)", b[:40], len(b))
	}
	return fmt.Sprintf("%q", b)
}
