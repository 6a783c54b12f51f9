// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/parser"
)

func TestKeyEncodings(t *testing.T) {
	for _, tt := range []struct {
		keys Type
		v    uint64 // or the bits of an int64
		want string
	}{
		{Int64, 0, "8000000000000000"},
		{Int64, 5, "8000000000000005"},
		{Int64, math.MaxUint64, "7fffffffffffffff"}, // -1
		{Int64, 1 << 63, "0000000000000000"},        // the least
		{Int64, math.MaxInt64, "ffffffffffffffff"},
		{Uint64, 0, "0000000000000000"},
		{Uint64, math.MaxUint64, "ffffffffffffffff"},
		{LSM1Uint, 0, "00"},
		{LSM1Uint, 240, "f0"},
		{LSM1Uint, 241, "f101"},
		{LSM1Uint, 2287, "f8ff"},
		{LSM1Uint, 2288, "f90000"},
		{LSM1Uint, 67823, "f9ffff"},
		{LSM1Uint, 67824, "fa0108f0"},
		{LSM1Uint, 1<<24 - 1, "faffffff"},
		{LSM1Uint, 1 << 24, "fb01000000"},
		{LSM1Uint, 1<<32 - 1, "fbffffffff"},
		{LSM1Uint, 1 << 32, "fc0100000000"},
		{LSM1Uint, 1 << 40, "fd010000000000"},
		{LSM1Uint, 0xffff << 32, "fdffff00000000"},
		{LSM1Uint, 1 << 48, "fe01000000000000"},
		{LSM1Uint, 1 << 56, "ff0100000000000000"},
		{LSM1Uint, math.MaxUint64, "ffffffffffffffffff"},
	} {
		v := parser.UintValue(tt.v)
		if tt.keys == Int64 {
			v = parser.Value{Kind: parser.Int, Int: int64(tt.v)}
		}
		key, err := keyTypes[tt.keys].Key(nil, v)
		if got := hex.EncodeToString(key); err != nil || got != tt.want {
			t.Errorf("%v %d: %s, %v; want %s", tt.keys, tt.v, got, err, tt.want)
		}
		if back, err := keyTypes[tt.keys].Decode(key); err != nil || back.Kind != v.Kind || back.Int != v.Int {
			t.Errorf("%v %d: read back as %v, %v", tt.keys, tt.v, back, err)
		}
	}
}

// TestKeyOrder compares the order of random numbers with that of their keys.
func TestKeyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, keys := range []Type{Int64, Uint64, LSM1Uint} {
		random := func() (parser.Value, []byte) {
			v := parser.UintValue(r.Uint64() >> r.IntN(64))
			if keys == Int64 {
				v = parser.Value{Kind: parser.Int, Int: int64(r.Uint64()) >> r.IntN(64)}
			}
			key, err := keyTypes[keys].Key(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			return v, key
		}
		for range 20_000 {
			v, a := random()
			w, b := random()
			less := v.Int < w.Int
			if keys != Int64 {
				less = uint64(v.Int) < uint64(w.Int)
			}
			if got := bytes.Compare(a, b); (got < 0) != less || (got == 0) != (v.Int == w.Int) {
				t.Fatalf("%v: %d and %d are x'%x' and x'%x'", keys, v.Int, w.Int, a, b)
			}
		}
	}
}

func TestBadKeys(t *testing.T) {
	for keys, bad := range map[Type][]string{
		Int64:  {"", "80", "80000000000000", "800000000000000000"},
		Uint64: {"", "00", "000000000000000000"},
		// Too short, too long, and not the shortest form.
		LSM1Uint: {"", "0000", "f1", "f10000", "f9", "f900", "f9000000", "fa0000", "fa000000", "fa0108ef",
			"fa01000000", "fb00ffffff", "fbffffff", "fc00ffffffff", "fd00ffffffffff", "fe00ffffffffffff",
			"ff00ffffffffffffff", "ffffffffffffffff", "ffffffffffffffffffff"},
	} {
		for _, text := range bad {
			key, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := keyTypes[keys].Decode(key); !errors.Is(err, errs.ErrMisuse) {
				t.Errorf("%v x'%s': %v, %v", keys, text, v, err)
			}
		}
	}
}
