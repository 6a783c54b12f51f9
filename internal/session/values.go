// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"time"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/parser"
)

// toValue converts what CheckArgument let through.
func toValue(v driver.Value, scratch *[]byte) (parser.Value, error) {
	switch v := v.(type) {
	case []byte:
		return parser.Value{Kind: parser.Bytes, Bytes: v}, checkBytes(v)
	case string:
		return parser.Value{Kind: parser.Bytes, Bytes: bytesOf(v)}, nil
	case int64:
		return parser.Value{Kind: parser.Int, Int: v}, nil
	case uint64:
		return parser.UintValue(v), nil
	case float64:
		return parser.Value{Kind: parser.Real, Real: v}, nil
	case bool:
		if v {
			return parser.Value{Kind: parser.Int, Int: 1}, nil
		}
		return parser.Value{Kind: parser.Int}, nil
	case time.Time:
		start := len(*scratch)
		*scratch = v.UTC().AppendFormat(*scratch, TimeLayout)
		return parser.Value{Kind: parser.Bytes, Bytes: (*scratch)[start:len(*scratch):len(*scratch)]}, nil
	}
	return parser.Value{}, misusef("bind", "an argument of type %T cannot be used", v)
}

// bytesOf returns the bytes of s without copying them. They are only read: nobody below
// the driver writes into a key or value it is given.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// storedBytes returns the bytes that v is stored as. Those of a number are appended to
// *scratch.
func storedBytes(v parser.Value, scratch *[]byte) []byte {
	if v.Kind == parser.Bytes {
		return v.Bytes
	}
	start := len(*scratch)
	*scratch = v.AppendText(*scratch)
	return (*scratch)[start:len(*scratch):len(*scratch)]
}
