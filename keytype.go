package lsmlite

import (
	"encoding/binary"
	"math"

	"github.com/lsmlite/lsmlite-go/parser"
)

// keyTypes are the types of keys as the parser knows them, nil for plain bytes.
var keyTypes = [...]*parser.KeyType{
	TypeText: {Name: "text", Class: parser.ClassBytes, Encode: encodeText},
	TypeTime: {Name: "time", Class: parser.ClassBytes, Encode: encodeText},
	TypeInt64: {Name: "int64", Class: parser.ClassInteger,
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
	TypeUint64: {Name: "uint64", Class: parser.ClassUnsigned,
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
	TypeLSM1Uint: {Name: "lsm1uint", Class: parser.ClassUnsigned,
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

// numeric reports whether keys of the type are numbers.
func (t DataType) numeric() bool { return t >= TypeInt64 && t <= TypeLSM1Uint }

// unsigned reports whether they reach to 2^64-1.
func (t DataType) unsigned() bool { return t == TypeUint64 || t == TypeLSM1Uint }

// keys returns what keys are.
func (c *conn) keys() *parser.KeyType { return keyTypes[c.cfg.KeyType] }

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
	cut := ""
	if len(key) > maxQuotedKeyBytes {
		key, cut = key[:maxQuotedKeyBytes], "…"
	}
	return misusef("read", "the key x'%x%s' in the database is not %s; it was not written with this key_type", key, cut, want)
}

// appendLSM1Uint appends n as SQLite's lsm1 virtual table writes a UINT key: the first
// byte says how many follow, so that byte order is number order. The form differs in one
// place from the varint in the records of the file, which does without 7 bytes for some
// numbers.
func appendLSM1Uint(dst []byte, n uint64) []byte {
	switch {
	case n <= 240:
		return append(dst, byte(n))
	case n <= 2287:
		n -= 240
		return append(dst, byte(241+n>>8), byte(n))
	case n <= 67823:
		n -= 2288
		return append(dst, 249, byte(n>>8), byte(n))
	}
	size := 3
	for size < 8 && n>>(8*size) != 0 {
		size++
	}
	dst = append(dst, byte(247+size))
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		dst = append(dst, byte(n>>shift))
	}
	return dst
}

// lsm1Uint returns the number that appendLSM1Uint has written as key. It accepts nothing
// but that, or a number would have several keys.
func lsm1Uint(key []byte) (n uint64, ok bool) {
	if len(key) == 0 {
		return 0, false
	}
	first, rest := key[0], key[1:]
	for _, b := range rest[:min(len(rest), 8)] {
		n = n<<8 | uint64(b)
	}
	switch {
	case first <= 240:
		return uint64(first), len(rest) == 0
	case first <= 248:
		return 240 + uint64(first-241)<<8 + n, len(rest) == 1
	case first == 249:
		return 2288 + n, len(rest) == 2
	}
	size := int(first) - 247
	return n, len(rest) == size && n > 67823 && (size == 3 || n>>(8*(size-1)) != 0)
}
