// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"context"
	"math/bits"
)

// matchLong is matchText for long patterns that almost match in many places. Between two
// stars a pattern is a row of elements, each of which takes one byte or one character. All
// places at which a match may have begun are followed at once, a bit for each element that
// may come next, so that a byte of the text costs a 64th of the number of elements.
func matchLong(ctx context.Context, like bool, pattern likePattern, text []byte) (bool, error) {
	m := longMatch{ctx: ctx, pattern: pattern.text, text: text}
	rows := m.split(like, &pattern)
	if len(rows) == 0 { // a pattern of stars alone, or an empty one
		return len(m.pattern) > 0 || len(text) == 0, nil
	}
	at := 0
	for i := range rows {
		end, found, err := m.find(&rows[i], at)
		if err != nil || !found {
			return false, err
		}
		at = end
	}
	return true, nil
}

type longMatch struct {
	ctx           context.Context
	pattern, text []byte
}

// element is what a pattern asks of one byte or one character.
type element struct {
	kind elementKind
	c    byte // of elementByte and elementLetter
	at   int  // of elementSet: where it is in the pattern
}

type elementKind uint8

const (
	elementByte   elementKind = iota // just this byte
	elementLetter                    // this letter, in lower case here, in either case
	elementAny                       // any character
	elementSet                       // a character of a set
)

// row is a row of elements between two stars, or between one and an end of the pattern.
type row struct {
	elements []element
	anchored bool // no star comes before: it matches at the front of the text only
	toEnd    bool // no star comes after: it matches at the end of the text only
}

// split returns the rows of the pattern, none of them empty.
func (m *longMatch) split(like bool, pattern *likePattern) (rows []row) {
	leading, trailing := false, false
	var elements []element
	end := func() {
		if len(elements) > 0 {
			rows, elements = append(rows, row{elements: elements}), nil
		}
	}
	for p := 0; p < len(m.pattern); {
		c, wild := m.pattern[p], byte(0)
		if like {
			wild = pattern.at(p)
		}
		trailing = false
		switch {
		case wild == '%', !like && c == '*':
			leading = leading || p == 0
			trailing = true
			end()
		case wild == '_', !like && c == '?':
			elements = append(elements, element{kind: elementAny})
		case !like && c == '[':
			elements = append(elements, element{kind: elementSet, at: p})
			_, next := inSet(m.pattern, p, 0)
			p = next
			continue
		case like && foldASCII(c) >= 'a' && foldASCII(c) <= 'z':
			elements = append(elements, element{kind: elementLetter, c: foldASCII(c)})
		default:
			elements = append(elements, element{kind: elementByte, c: c})
		}
		p++
	}
	end()
	if len(rows) > 0 {
		rows[0].anchored = !leading
		rows[len(rows)-1].toEnd = !trailing
	}
	return rows
}

// bitset has a bit for each element of a row, and one for its end.
type bitset []uint64

func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// advance adds the bits of from that are in mask to b, each moved on by one, and reports
// whether there was any.
func (b bitset) advance(from, mask bitset) (any bool) {
	var carry, all uint64
	b, mask = b[:len(from)], mask[:len(from)]
	for i, w := range from {
		w &= mask[i]
		b[i] |= w<<1 | carry
		carry = w >> 63
		all |= w
	}
	return all != 0
}

// maxChar is the length of the longest character, in bytes.
const maxChar = 4

// find returns where the first match of a row ends that begins at from, if the row is
// anchored, or some characters after it.
func (m *longMatch) find(r *row, from int) (end int, found bool, err error) {
	elements := r.elements
	size := len(elements)/64 + 1
	var bytesAt [256]bitset
	anyAt, setAt, numSets, numAny := make(bitset, size), make(bitset, size), 0, 0
	known := make(map[rune]bitset)
	mark := func(c byte, i int) {
		if bytesAt[c] == nil {
			bytesAt[c] = make(bitset, size)
		}
		bytesAt[c].set(i)
	}
	for i, el := range elements {
		switch el.kind {
		case elementByte:
			mark(el.c, i)
		case elementLetter:
			mark(el.c, i)
			mark(el.c&^0x20, i)
		case elementAny:
			anyAt.set(i)
			numAny++
		case elementSet:
			setAt.set(i)
			numSets++
		}
	}
	// What may come next at the offset t is in ahead[t%len(ahead)]; used says that it is
	// not empty.
	var ahead [maxChar + 1]bitset
	var used [maxChar + 1]bool
	for i := range ahead {
		ahead[i] = make(bitset, size)
	}
	start := from // where a match may begin next
	for t := from; ; t++ {
		if t%1024 == 0 {
			if err := m.ctx.Err(); err != nil {
				return 0, false, err
			}
		}
		slot := t % len(ahead)
		now := ahead[slot]
		length := 0
		if t < len(m.text) {
			length = charLen(m.text[t:])
		}
		if t == start && (t == from || !r.anchored) {
			now.set(0)
			used[slot] = true
			start = t + length
		}
		if used[slot] && now.has(len(elements)) && (!r.toEnd || t == len(m.text)) {
			return t, true, nil
		}
		if t == len(m.text) {
			return 0, false, nil
		}
		if !used[slot] {
			continue
		}
		if mask := bytesAt[m.text[t]]; mask != nil {
			next := (t + 1) % len(ahead)
			used[next] = ahead[next].advance(now, mask) || used[next]
		}
		next := (t + length) % len(ahead)
		if numAny > 0 {
			used[next] = ahead[next].advance(now, anyAt) || used[next]
		}
		if numSets > 0 {
			used[next] = ahead[next].advance(now, m.setsWith(known, setAt, elements, t)) || used[next]
		}
		clear(now)
		used[slot] = false
	}
}

// maxKnown is for how many characters it is remembered which sets hold them.
const maxKnown = 1024

// setsWith returns the elements of a row, out of sets, that are sets with the character at
// t. known remembers what was found before.
func (m *longMatch) setsWith(known map[rune]bitset, sets bitset, elements []element, t int) bitset {
	char, _ := decode(m.text[t:])
	if mask := known[char]; mask != nil {
		return mask
	}
	if len(known) == maxKnown {
		clear(known)
	}
	mask := make(bitset, len(sets))
	for i, w := range sets {
		for ; w != 0; w &= w - 1 {
			e := i*64 + bits.TrailingZeros64(w)
			if in, _ := inSet(m.pattern, elements[e].at, char); in {
				mask.set(e)
			}
		}
	}
	known[char] = mask
	return mask
}
