// SPDX-License-Identifier: Apache-2.0

package data_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

func TestKeys(t *testing.T) {
	last := []byte{}
	for row := range uint64(2000) {
		key, missing := data.Key(nil, row), data.Keys{}.AppendMissing(nil, row)
		if len(key) != data.KeySize || bytes.Compare(last, key) >= 0 || bytes.Compare(key, missing) >= 0 {
			t.Fatalf("row %d: keys %q, %q, %q are not in order", row, last, key, missing)
		}
		if got, ok := data.Row(key); !ok || got != row {
			t.Fatalf("row of %q is %d, %t", key, got, ok)
		}
		if _, ok := data.Row(missing); ok {
			t.Fatalf("%q is the key of a row", missing)
		}
		last = missing
	}
	for _, bad := range []string{"", "123", "00000000000000x2"} {
		if _, ok := data.Row([]byte(bad)); ok {
			t.Errorf("%q is the key of a row", bad)
		}
	}
}

// TestLongKeys: longer keys have zeros in front, and so the same order.
func TestLongKeys(t *testing.T) {
	for _, size := range []int{16, 17, 40} {
		keys, err := data.NewKeys(size)
		if err != nil || keys.Size() != size {
			t.Fatalf("%d bytes: %d, %v", size, keys.Size(), err)
		}
		for _, row := range []uint64{0, 1, 4711, 1e12} {
			key, missing := keys.Append(nil, row), keys.AppendMissing(nil, row)
			if want := fmt.Sprintf("%0*d", size, 2*row); string(key) != want {
				t.Errorf("key %q, want %q", key, want)
			}
			if want := fmt.Sprintf("%0*d", size, 2*row+1); string(missing) != want {
				t.Errorf("missing key %q, want %q", missing, want)
			}
			if got, ok := keys.Row(key); !ok || got != row {
				t.Errorf("the row of %q is %d, %t", key, got, ok)
			}
			for _, bad := range [][]byte{missing, key[1:], append([]byte("1"), key[1:]...)} {
				if got, ok := keys.Row(bad); ok && got == row {
					t.Errorf("%q is read as row %d", bad, got)
				}
			}
		}
	}
	if _, err := data.NewKeys(data.KeySize - 1); err == nil {
		t.Error("keys are too short and not refused")
	}
}

// TestDigits compares keys of many sizes with those that package fmt writes, and reads them again.
func TestDigits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for i := range 100_000 {
		row := random.Uint64N(5e15) >> (i % 52)
		key := data.Key(nil, row)
		if want := fmt.Sprintf("%016d", 2*row); string(key) != want {
			t.Fatalf("key %q, want %q", key, want)
		}
		if got, ok := data.Row(key); !ok || got != row {
			t.Fatalf("the row of %q is %d, %t", key, got, ok)
		}
		key[random.IntN(len(key))] ^= byte(0x10+random.IntN(0xf0))&0xf0 | 0x10
		if got, ok := data.Row(key); ok {
			t.Fatalf("%q is read as row %d", key, got)
		}
	}
	for c := range 256 {
		for at := range data.KeySize {
			key := data.Key(nil, 0)
			key[at] = byte(c)
			_, ok := data.Row(key)
			digit := c >= '0' && c <= '9'
			if even := at < data.KeySize-1 || c%2 == 0; ok != (digit && even) {
				t.Fatalf("%q is the key of a row: %t", key, ok)
			}
		}
	}
}

// TestCheck flips every byte of values, and takes those of other rows and lengths.
func TestCheck(t *testing.T) {
	for _, size := range []int{16, 17, 100, 1000} {
		v, err := data.New(size)
		if err != nil {
			t.Fatal(err)
		}
		value := v.Append(nil, 7, 3)
		if version, err := v.Check(value, 7); err != nil || version != 3 {
			t.Fatalf("%d bytes: version %d, %v", size, version, err)
		}
		if _, err := v.Check(value, 8); err == nil {
			t.Errorf("%d bytes: the value of another row is not noticed", size)
		}
		if _, err := v.Check(value[1:], 7); err == nil {
			t.Errorf("%d bytes: a shorter value is not noticed", size)
		}
		for i := data.MinValueSize; i < size; i++ {
			value[i] ^= 4
			if _, err := v.Check(value, 7); err == nil {
				t.Errorf("%d bytes: a change of byte %d is not noticed", size, i)
			}
			value[i] ^= 4
		}
	}
	if _, err := data.New(data.MinValueSize - 1); err == nil {
		t.Error("values are too short and not refused")
	}
}

func TestSample(t *testing.T) {
	v, err := data.New(100_000)
	if err != nil {
		t.Fatal(err)
	}
	value := v.Append(nil, 7, 3)
	if err := v.Sample(value, 7, true); err != nil {
		t.Fatal(err)
	}
	if v.Sample(value, 8, true) == nil || v.Sample(value[1:], 7, true) == nil || v.Sample(value, 7, false) == nil {
		t.Error("another row, another length, or a missing value is not noticed")
	}
	for _, at := range []int{0, data.MinValueSize, data.MinValueSize + 63, data.MinValueSize + 4096, data.MinValueSize + 20*4096} {
		value[at] ^= 1
		if v.Sample(value, 7, true) == nil {
			t.Errorf("a change of byte %d is not noticed", at)
		}
		value[at] ^= 1
	}
}

// TestCompressible holds the values to about half of their size.
func TestCompressible(t *testing.T) {
	v, err := data.New(1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for row := range uint64(100) {
		all = v.Append(all, row, 1)
	}
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	w.Write(all)
	w.Close()
	if ratio := float64(out.Len()) / float64(len(all)); ratio < 0.4 || ratio > 0.75 {
		t.Errorf("compressed to %.2f of their size", ratio)
	}
}

func TestOrder(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 4, 5, 100, 1000, 4097} {
		var got []uint64
		sorted := 0
		for i := range n {
			x := data.NewOrder(n, 9).At(i)
			if x == i {
				sorted++
			}
			got = append(got, x)
		}
		slices.Sort(got)
		for i, x := range got {
			if x != uint64(i) {
				t.Fatalf("%d numbers: %d is missing", n, i)
			}
		}
		if n >= 100 && sorted > 10 {
			t.Errorf("%d numbers: %d are in their own place", n, sorted)
		}
	}
}

// TestZipf compares the first numbers' shares with the formula.
func TestZipf(t *testing.T) {
	const n, draws = 1000, 1_000_000
	z := data.NewZipf(rand.New(rand.NewPCG(1, 1)), n)
	var counts [n]float64
	for range draws {
		counts[z.Next()]++
	}
	sum := 0.0
	for k := range n {
		sum += math.Pow(float64(k+1), -0.99)
	}
	for _, k := range []int{0, 1, 2, 10, 100, 999} {
		want := draws * math.Pow(float64(k+1), -0.99) / sum
		if math.Abs(counts[k]-want) > 5*math.Sqrt(want) {
			t.Errorf("number %d was drawn %.0f times; about %.0f are right", k, counts[k], want)
		}
	}
}

// BenchmarkRow is what the benchmark itself does for a row that is written, and for one that is read.
func BenchmarkRow(b *testing.B) {
	for _, size := range []int{100, 1000} {
		v, err := data.New(size)
		if err != nil {
			b.Fatal(err)
		}
		order := data.NewOrder(1_000_000, 1)
		key, value := make([]byte, 0, data.KeySize), make([]byte, 0, size)
		b.Run(fmt.Sprintf("write/%d", size), func(b *testing.B) {
			for i := uint64(0); b.Loop(); i++ {
				row := order.At(i % 1_000_000)
				key, value = data.Key(key[:0], row), v.Append(value[:0], row, 1)
			}
		})
		last := uint64(7)
		value = v.Append(value[:0], last, 1)
		b.Run(fmt.Sprintf("read/%d", size), func(b *testing.B) {
			for i := uint64(0); b.Loop(); i++ {
				key = data.Key(key[:0], data.Mix(i)%1_000_000)
				if _, err := v.Check(value, last); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
