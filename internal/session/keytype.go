// SPDX-License-Identifier: Apache-2.0

package session

import (
	"encoding/binary"
	"math"

	"github.com/lsmlite/lsmlite-go/parser"
)

// Keys returns keys of type t as the parser knows them, nil for plain bytes.
func (t Type) Keys() *parser.KeyType { return keyTypes[t] }

var keyTypes = [...]*parser.KeyType{
	Text: {Name: "text", Class: parser.ClassBytes, Encode: encodeText},
	Time: {Name: "time", Class: parser.ClassBytes, Encode: encodeText},
	Int64: {Name: "int64", Class: parser.ClassInteger,
		Encode: func(dst []byte, v parser.Value) ([]byte, parser.Fit, error) {
			n, fit := fitInt64(v)
			if fit > parser.FitBetween {
				return dst, fit, nil
			}
			return binary.BigEndian.AppendUint64(dst, uint64(n)^signBit), fit, nil
		},
		Decode: func(key []byte) (parser.Value, error) {
			if len(key) != 8 {
				return parser.Value{}, badKey(key, "an int64: 8 bytes")
			}
			return parser.Value{Kind: parser.Int, Int: int64(binary.BigEndian.Uint64(key) ^ signBit)}, nil
		}},
	Uint64: {Name: "uint64", Class: parser.ClassUnsigned,
		Encode: func(dst []byte, v parser.Value) ([]byte, parser.Fit, error) {
			n, fit := fitUint64(v)
			if fit > parser.FitBetween {
				return dst, fit, nil
			}
			return binary.BigEndian.AppendUint64(dst, n), fit, nil
		},
		Decode: func(key []byte) (parser.Value, error) {
			if len(key) != 8 {
				return parser.Value{}, badKey(key, "a uint64: 8 bytes")
			}
			return parser.UintValue(binary.BigEndian.Uint64(key)), nil
		}},
	LSM1Uint: {Name: "lsm1uint", Class: parser.ClassUnsigned,
		Encode: func(dst []byte, v parser.Value) ([]byte, parser.Fit, error) {
			n, fit := fitUint64(v)
			if fit > parser.FitBetween {
				return dst, fit, nil
			}
			return appendLSM1Uint(dst, n), fit, nil
		},
		Decode: func(key []byte) (parser.Value, error) {
			n, ok := lsm1Uint(key)
			if !ok {
				return parser.Value{}, badKey(key, "an lsm1uint: a varint in its shortest form")
			}
			return parser.UintValue(n), nil
		}},
}

// signBit is flipped in an int64 key, so that the bytes of negative numbers come first.
const signBit = 1 << 63

// encodeText makes keys where key_type=text or time: a number is its text.
func encodeText(dst []byte, v parser.Value) ([]byte, parser.Fit, error) {
	return v.AppendText(dst), parser.FitExact, nil
}

// fitInt64 returns the int64 that the number v is, or the next one above it.
func fitInt64(v parser.Value) (int64, parser.Fit) {
	switch v.Kind {
	case parser.Int:
		return v.Int, parser.FitExact
	case parser.Uint:
		return 0, parser.FitAbove
	}
	up := math.Ceil(v.Real)
	switch {
	case up < -1<<63:
		return 0, parser.FitBelow
	case up >= 1<<63:
		return 0, parser.FitAbove
	case up != v.Real:
		return int64(up), parser.FitBetween
	}
	return int64(up), parser.FitExact
}

// fitUint64 is fitInt64 for uint64.
func fitUint64(v parser.Value) (uint64, parser.Fit) {
	switch v.Kind {
	case parser.Int:
		if v.Int < 0 {
			return 0, parser.FitBelow
		}
		return uint64(v.Int), parser.FitExact
	case parser.Uint:
		return uint64(v.Int), parser.FitExact
	}
	up := math.Ceil(v.Real)
	switch {
	case v.Real < 0:
		return 0, parser.FitBelow
	case up >= 1<<64:
		return 0, parser.FitAbove
	case up != v.Real:
		return uint64(up), parser.FitBetween
	}
	return uint64(up), parser.FitExact
}

// badKey is the error of a key in the file that key_type does not allow.
func badKey(key []byte, want string) error {
	key, cut := cutKey(key)
	return misusef("read", "the key x'%x%s' in the database is not %s; it was not written with this key_type",
		key, cut, want)
}
