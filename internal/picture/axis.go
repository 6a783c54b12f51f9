// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine"
)

// axis turns keys into places from 0 to 1. It knows no keys but those at the ends of segments, so it guesses how
// keys are spread between them: the characters that differ count as digits, in the smallest alphabet that has all
// of those seen at their place.
type axis struct {
	first, last *engine.LayoutKey // at the ends; nil if there are no keys
	skip        int               // bytes that all keys begin with
	alphabets   []alphabet        // of the bytes after that
	low, span   float64
}

// axisDigits is how many bytes of a key count: a place has no more than some thousand pixels.
const axisDigits = 10

// alphabet is a range of bytes that a digit may be.
type alphabet struct{ from, to byte }

var alphabets = [...]alphabet{{'0', '9'}, {'a', 'f'}, {'A', 'F'}, {'a', 'z'}, {'A', 'Z'}, {'0', 'Z'}, {'0', 'f'}, {'0', 'z'}, {' ', '~'}, {0, 255}}

func newAxis(segments []engine.LayoutSegment) *axis {
	a := new(axis)
	var keys [][]byte
	for i := range segments {
		for _, k := range [...]*engine.LayoutKey{segments[i].FirstKey, segments[i].LastKey} {
			if k == nil {
				continue
			}
			keys = append(keys, k.Bytes)
			if a.first == nil || bytes.Compare(k.Bytes, a.first.Bytes) < 0 {
				a.first = k
			}
			if a.last == nil || bytes.Compare(k.Bytes, a.last.Bytes) > 0 {
				a.last = k
			}
		}
	}
	if a.first == nil {
		return a
	}
	for f, l := a.first.Bytes, a.last.Bytes; a.skip < min(len(f), len(l)) && f[a.skip] == l[a.skip]; {
		a.skip++
	}
	for i := range axisDigits {
		a.alphabets = append(a.alphabets, alphabetFor(keys, a.skip+i))
	}
	a.low = a.value(a.first.Bytes)
	a.span = a.value(a.last.Bytes) - a.low
	return a
}

// alphabetFor returns the smallest alphabet that has byte i of all keys.
func alphabetFor(keys [][]byte, i int) alphabet {
	for _, a := range alphabets {
		fits := true
		for _, k := range keys {
			if i < len(k) && (k[i] < a.from || k[i] > a.to) {
				fits = false
				break
			}
		}
		if fits {
			return a
		}
	}
	return alphabets[len(alphabets)-1]
}

func (a *axis) value(key []byte) (v float64) {
	unit := 1.0
	for i, d := range a.alphabets {
		if a.skip+i >= len(key) {
			break
		}
		unit /= float64(d.to-d.from) + 1
		v += unit * float64(key[a.skip+i]-d.from)
	}
	return v
}

// place returns where a key is.
func (a *axis) place(k *engine.LayoutKey) float64 {
	if k == nil || a.span <= 0 {
		return 0
	}
	return min(1, max(0, (a.value(k.Bytes)-a.low)/a.span))
}
