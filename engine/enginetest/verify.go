// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
)

// Mismatch is an error of a store that has answered wrongly.
type Mismatch struct{ Detail string }

func (m *Mismatch) Error() string { return "wrong: " + m.Detail }

func mismatch(format string, args ...any) error {
	return &Mismatch{fmt.Sprintf(format, args...)}
}

// OpError is an error that a store has returned, right or wrong.
type OpError struct {
	Op  string
	Err error
}

func (e *OpError) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns what the store has returned.
func (e *OpError) Unwrap() error { return e.Err }

func opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{op, err}
}

// scan reads everything in one direction and returns the number of pairs and the sum of
// their hashes. Keys out of order are a Mismatch.
func scan(r Reader, backward bool) (n int, sum uint64, err error) {
	c, err := r.Cursor()
	if err != nil {
		return 0, 0, opError("open cursor", err)
	}
	defer func() { err = errors.Join(err, opError("close cursor", c.Close())) }()
	var last []byte
	first, next, order := c.First, c.Next, 1
	if backward {
		first, next, order = c.Last, c.Prev, -1
	}
	for ok := first(); ok; ok = next() {
		key := c.Key()
		if n > 0 && bytes.Compare(key, last) != order {
			return n, sum, mismatch("a scan (backward: %v) finds %s after %s", backward, short(string(key)), short(string(last)))
		}
		last = append(last[:0], key...)
		value, err := c.Value()
		if err != nil {
			return n, sum, opError("value", err)
		}
		sum += hashBytes(key, value)
		n++
	}
	if err := c.Err(); err != nil {
		return n, sum, opError("scan", err)
	}
	if c.Valid() {
		return n, sum, mismatch("a cursor is valid past its end")
	}
	return n, sum, nil
}

// Read reads everything into a Map.
func Read(r Reader) (m Map, err error) {
	c, err := r.Cursor()
	if err != nil {
		return m, opError("open cursor", err)
	}
	defer func() { err = errors.Join(err, opError("close cursor", c.Close())) }()
	for ok := c.First(); ok; ok = c.Next() {
		value, err := c.Value()
		if err != nil {
			return m, opError("value", err)
		}
		m = m.Put(string(c.Key()), string(value))
	}
	return m, opError("scan", c.Err())
}

// Find reads everything forward and backward and returns the last of the given states
// that it is, as an index.
func Find(r Reader, states []Map) (int, error) {
	n, sum, err := scan(r, false)
	if err != nil {
		return -1, err
	}
	for i := len(states) - 1; i >= 0; i-- {
		if states[i].Len() != n || states[i].Sum() != sum {
			continue
		}
		n, sum, err := scan(r, true)
		if err == nil && (states[i].Len() != n || states[i].Sum() != sum) {
			err = mismatch("a scan forward and one backward differ: %d and %d rows", states[i].Len(), n)
		}
		return i, err
	}
	got, err := Read(r)
	if err != nil {
		return -1, err
	}
	if len(states) == 0 {
		return -1, mismatch("%d rows, and no state is allowed", got.Len())
	}
	return -1, mismatch("none of the %d states allowed; with the newest it differs by %s", len(states), Diff(got, states[len(states)-1]))
}

// Diff says where two maps differ, in a few words, or "nothing".
func Diff(got, want Map) string {
	count, text := 0, ""
	note := func(format string, args ...any) {
		if count++; count <= 4 {
			text += "; " + fmt.Sprintf(format, args...)
		}
	}
	for k, w := range want.All() {
		if g, ok := got.Get(k); !ok {
			note("%s missing", short(k))
		} else if g != w {
			note("%s has %s in place of %s", short(k), short(g), short(w))
		}
	}
	for k := range got.All() {
		if _, ok := want.Get(k); !ok {
			note("%s in addition", short(k))
		}
	}
	if count == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d keys (%d rows, should be %d)%s", count, got.Len(), want.Len(), text)
}

// Probe compares point reads and seeks at random keys.
func Probe(r Reader, want Map, rng *rand.Rand, g *Gen, count int) (err error) {
	c, err := r.Cursor()
	if err != nil {
		return opError("open cursor", err)
	}
	defer func() { err = errors.Join(err, opError("close cursor", c.Close())) }()
	for range count {
		key := probeKey(want, rng, g)
		if err := checkGet(r, key, want); err != nil {
			return err
		}
		mode := engine.SeekMode(rng.IntN(3) - 1)
		wantKey, wantValue, ok := want.Seek(key, mode)
		if err := checkCursor(c, c.Seek([]byte(key), mode), fmt.Sprintf("seek %d %s", mode, short(key)), row{wantKey, wantValue, ok}); err != nil {
			return err
		}
	}
	return nil
}

// probeKey returns a key that is in the map, or one close to such, or any.
func probeKey(m Map, rng *rand.Rand, g *Gen) string {
	key := g.Key(rng)
	if k, _, ok := m.At(rng.IntN(m.Len() + 1)); ok && rng.IntN(2) == 0 {
		switch rng.IntN(4) {
		case 0:
			key = k + "\x00"
		case 1:
			key = k[:rng.IntN(len(k)+1)]
		default:
			key = k
		}
	}
	return key
}

func checkGet(r interface {
	Get(dst, key []byte) ([]byte, bool, error)
}, key string, want Map) error {
	got, found, err := r.Get([]byte("dst"), []byte(key))
	if err != nil {
		return opError("get", err)
	}
	if v, ok := want.Get(key); ok != found || found && string(got) != "dst"+v {
		return mismatch("get %s: %v %s, should be %v %s", short(key), found, short(string(got[3:])), ok, short(v))
	}
	return nil
}

// row is where a cursor must be: on a key with its value, or, without ok, on none.
type row struct {
	key, value string
	ok         bool
}

// checkCursor compares where a cursor is after a move that has returned moved with where it
// should be.
func checkCursor(c Cursor, moved bool, what string, want row) error {
	if err := c.Err(); err != nil {
		if moved || c.Valid() {
			return mismatch("%s: a cursor with an error is valid: %v", what, err)
		}
		return opError(what, err)
	}
	if moved != want.ok || c.Valid() != want.ok {
		return mismatch("%s: returns %v, valid %v (%s), should be %v (%s)", what, moved, c.Valid(), short(string(c.Key())), want.ok, short(want.key))
	}
	if !want.ok {
		return nil
	}
	if string(c.Key()) != want.key {
		return mismatch("%s: at %s, should be at %s", what, short(string(c.Key())), short(want.key))
	}
	got, err := c.Value()
	if err != nil {
		return opError(what+", value", err)
	}
	if string(got) != want.value {
		return mismatch("%s: %s has %s, should have %s", what, short(want.key), short(string(got)), short(want.value))
	}
	return nil
}

// Sound runs the store's own check of its files, if it has one.
func Sound(ctx context.Context, s Store) error {
	m, ok := s.(Maintained)
	if !ok {
		return nil
	}
	problems := m.Check(ctx)
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return mismatch("check: %s", problems[0])
	}
	return mismatch("check: %d problems: %s; %s", len(problems), problems[0], problems[1])
}

// short prints a string so that a message stays readable.
func short(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q…(%d bytes)", s[:32], len(s))
	}
	return fmt.Sprintf("%q", s)
}
