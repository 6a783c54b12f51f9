// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

// Type is the type of keys or values.
type Type uint8

// The types. Those from Int64 to LSM1Uint are for keys only.
const (
	Blob Type = iota
	Text
	Int64
	Uint64
	LSM1Uint
	Time
)

// numeric reports whether keys of the type are numbers.
func (t Type) numeric() bool { return t >= Int64 && t <= LSM1Uint }

// unsigned reports whether they reach to 2^64-1.
func (t Type) unsigned() bool { return t == Uint64 || t == LSM1Uint }

// copied returns bytes as results of type t are returned, in memory of their own.
func (t Type) copied(b []byte) (driver.Value, error) {
	switch {
	case t == Text:
		return string(b), nil
	case t == Time:
		return timeOrText(b), nil
	case t.numeric():
		v, err := t.Keys().Decode(b)
		if err != nil {
			return nil, err
		}
		if t.unsigned() {
			return uint64(v.Int), nil
		}
		return v.Int, nil
	}
	return append([]byte{}, b...), nil
}

// sample returns a result of type t.
func (t Type) sample() driver.Value {
	switch {
	case t == Text:
		return ""
	case t == Time:
		return time.Time{}
	case t.unsigned():
		return uint64(0)
	case t.numeric():
		return int64(0)
	}
	return []byte{}
}

// numberResult returns a value that is not bytes.
func numberResult(v parser.Value) driver.Value {
	switch v.Kind {
	case parser.Int:
		return v.Int
	case parser.Uint:
		return uint64(v.Int)
	case parser.Real:
		return v.Real
	}
	return nil
}
