// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strconv"
)

// A Spec describes a sequence of random operations that this package and the
// driver produce alike. The driver's head comment defines it.
type Spec struct {
	Seed             uint64
	Count            int // operations
	Keys             int // distinct keys
	KeyMin, KeyMax   int // bytes; a key has at least 9
	ValMin, ValMax   int // bytes
	PctDel, PctRange int // percent deletes and range deletes; the rest inserts
}

func (s Spec) words() []string {
	numbers := []int{s.Count, s.Keys, s.KeyMin, s.KeyMax, s.ValMin, s.ValMax, s.PctDel, s.PctRange}
	words := []string{strconv.FormatUint(s.Seed, 10)}
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	return words
}

// An OpKind tells what an Op does.
type OpKind int

// The kinds of Op.
const (
	OpPut         OpKind = iota // Key gets Value
	OpDelete                    // Key goes
	OpDeleteRange               // all keys strictly between Key and Before go
)

// An Op is one write.
type Op struct {
	Kind               OpKind
	Key, Before, Value []byte
}

// Ops yields the operations of a Spec in order. The slices are the caller's.
func (s Spec) Ops() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		state := SplitMix(s.Seed)
		for range s.Count {
			if !yield(s.next(&state)) {
				return
			}
		}
	}
}

// next draws one operation; the order of the draws is part of the definition.
func (s Spec) next(state *SplitMix) Op {
	r := int(state.Next() % 100)
	switch {
	case r < s.PctDel:
		return Op{Kind: OpDelete, Key: s.Key(state.Next() % uint64(s.Keys))}
	case r < s.PctDel+s.PctRange:
		a := state.Next() % uint64(s.Keys)
		b := a + 1 + state.Next()%max(1, uint64(s.Keys/50))
		after := s.bound(a, state.Next())
		return Op{Kind: OpDeleteRange, Key: after, Before: s.bound(b, state.Next())}
	}
	key := s.Key(state.Next() % uint64(s.Keys))
	value := make([]byte, s.ValMin+int(state.Next()%uint64(s.ValMax-s.ValMin+1)))
	fill(value, SplitMix(state.Next()))
	return Op{Kind: OpPut, Key: key, Value: value}
}

// Key returns the i-th key. Its length depends on i only.
func (s Spec) Key(i uint64) []byte {
	key := fmt.Appendf(nil, "k%08d", i)
	n := s.KeyMin + int(mix(i)%uint64(s.KeyMax-s.KeyMin+1))
	for j := len(key); j < n; j++ {
		key = append(key, byte('a'+mix(i+uint64(j))%26))
	}
	return key
}

// bound returns a key just above the i-th that nothing else ever equals, as C
// damages keys that become the end of a range delete.
func (s Spec) bound(i, unique uint64) []byte {
	return binary.BigEndian.AppendUint64(append(s.Key(i), 0xff), unique)
}

// fill alternates 8 random bytes with 8 that compress well.
func fill(value []byte, state SplitMix) {
	var w uint64
	for j := range value {
		if j%16 == 0 {
			w = state.Next()
		}
		if j%16 < 8 {
			value[j] = byte(w >> (8 * (j % 8)))
		} else {
			value[j] = byte('a' + j%8)
		}
	}
}

// SplitMix is the state of the splitmix64 generator.
type SplitMix uint64

// Next draws a number.
func (s *SplitMix) Next() uint64 {
	*s += 0x9e3779b97f4a7c15
	return mix(uint64(*s))
}

// Below draws a number in 0..n-1.
func (s *SplitMix) Below(n int) int { return int(s.Next() % uint64(n)) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
