// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

func TestValuesRoundTrip(t *testing.T) {
	values := []any{
		nil, int64(0), int64(math.MinInt64), int64(math.MaxInt64), uint64(math.MaxUint64), 1.5, math.Inf(-1), true, false,
		"", "päper\x00", []byte{}, []byte{0, 255}, time.UnixMilli(-1).UTC(), time.UnixMilli(1700000000123).UTC(),
	}
	var w wire.Writer
	for _, v := range values {
		if !w.Value(v) {
			t.Fatalf("%v of type %T is not written", v, v)
		}
	}
	r := wire.Read(w)
	for _, want := range values {
		if got := r.Value(); !reflect.DeepEqual(got, want) {
			t.Errorf("%v of type %T comes back as %v of type %T", want, want, got, got)
		}
	}
	if !r.Done() {
		t.Error("something is left")
	}
	if w.Value(struct{}{}) {
		t.Error("a struct is written")
	}
}

func TestFieldsRoundTrip(t *testing.T) {
	var w wire.Writer
	w.Byte(7)
	w.U32(1 << 31)
	w.U64(1 << 63)
	w.Absent()
	w.Bytes(nil)
	w.Bytes([]byte("x"))
	w.Text("text")
	r := wire.Read(w)
	if r.Byte() != 7 || r.U32() != 1<<31 || r.U64() != 1<<63 {
		t.Error("numbers differ")
	}
	if p := r.Bytes(); p != nil {
		t.Errorf("absent bytes are %v", p)
	}
	if p := r.Bytes(); p == nil || len(p) != 0 {
		t.Errorf("empty bytes are %v", p)
	}
	if string(r.Bytes()) != "x" || r.Text() != "text" || !r.Done() {
		t.Error("bytes differ")
	}
}

// FuzzRead reads anything as anything: it ends, without a panic, and never with more than there was.
func FuzzRead(f *testing.F) {
	var w wire.Writer
	w.Value("text")
	w.Bytes([]byte("bytes"))
	f.Add([]byte(w), []byte{0, 1})
	f.Add([]byte{4, 0xfe, 0xff, 0xff, 0xff}, []byte{0})
	f.Fuzz(func(t *testing.T, message, how []byte) {
		r := wire.Read(bytes.Clone(message))
		total := 0
		for _, h := range how {
			switch h % 6 {
			case 0:
				switch v := r.Value().(type) {
				case string:
					total += len(v)
				case []byte:
					total += len(v)
				}
			case 1:
				total += len(r.Bytes())
			case 2:
				total += len(r.Text())
			case 3:
				r.U32()
			case 4:
				r.U64()
			case 5:
				r.Byte()
			}
		}
		if total > len(message) {
			t.Errorf("%d bytes were read from %d", total, len(message))
		}
		if r.Bad() && (r.Byte() != 0 || r.U32() != 0 || r.Bytes() != nil || r.Done()) {
			t.Error("a bad message goes on")
		}
	})
}
