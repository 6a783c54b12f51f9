// SPDX-License-Identifier: Apache-2.0

package row

import (
	"bytes"
	"testing"
)

func TestPrefix(t *testing.T) {
	for _, c := range []struct{ prefix, in, out string }{
		{"a", "a", "b"},
		{"a", "a\xff\xff", "b"},
		{"a\xff", "a\xff\x00", "b"},
		{"\xff", "\xff\xff", "\xfe\xff"},
		{"", "", "-"},
		{"user/", "user/1", "user0"},
	} {
		r := Prefix([]byte(c.prefix))
		if !r.Has([]byte(c.in)) {
			t.Errorf("%q is not in the range of prefix %q", c.in, c.prefix)
		}
		if c.out != "-" && r.Has([]byte(c.out)) {
			t.Errorf("%q is in the range of prefix %q", c.out, c.prefix)
		}
	}
}

func TestAnd(t *testing.T) {
	keys := []string{"", "a", "ab", "b", "c", "\xff"}
	var ranges []Range
	for _, from := range keys {
		for _, to := range append([]string{"-"}, keys...) {
			r := Range{From: []byte(from), To: []byte(to)}
			if to == "-" {
				r.To = nil
			}
			ranges = append(ranges, r)
		}
	}
	for _, a := range ranges {
		for _, b := range ranges {
			both := a.And(b)
			found := false
			for _, k := range keys {
				want := a.Has([]byte(k)) && b.Has([]byte(k))
				found = found || want
				if got := both.Has([]byte(k)); got != want {
					t.Errorf("%q in %q and %q: %v, want %v", k, a, b, got, want)
				}
			}
			if found && both.Empty() {
				t.Errorf("%q and %q has keys, and is empty", a, b)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	var b Batch
	want := []Row{{[]byte("a"), []byte("1")}, {[]byte{}, []byte{}}, {[]byte("b"), bytes.Repeat([]byte("x"), BatchBytes)}}
	for range 2 {
		for i, r := range want {
			if b.Full() {
				t.Errorf("full before row %d", i)
			}
			b.Add(r.Key, r.Value)
		}
		if !b.Full() || b.Len() != 3 || b.Bytes() != BatchBytes+3 {
			t.Errorf("%d rows, %d bytes, full: %v", b.Len(), b.Bytes(), b.Full())
		}
		for i, r := range want {
			if got := b.Row(i); !bytes.Equal(got.Key, r.Key) || !bytes.Equal(got.Value, r.Value) {
				t.Errorf("row %d is %.10q", i, got)
			}
		}
		b.Reset()
	}
	for b.Len() < BatchRows {
		if b.Full() {
			t.Fatalf("full at %d rows", b.Len())
		}
		b.Add(nil, nil)
	}
	if !b.Full() {
		t.Error("not full")
	}
}
