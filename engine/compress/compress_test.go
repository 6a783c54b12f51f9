// SPDX-License-Identifier: Apache-2.0

package compress_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
)

// pages returns contents of the given size that compress well, a little and not at all.
func pages(size int) map[string][]byte {
	rng := rand.New(rand.NewPCG(uint64(size), 1))
	random := make([]byte, size)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	half := bytes.Clone(random)
	clear(half[size/2:])
	var text bytes.Buffer
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "user/%08d\x00name %d of a list\n", i*7, i%13)
	}
	return map[string][]byte{
		"zeros": make([]byte, size), "random": random, "half": half, "text": text.Bytes()[:size],
	}
}

var sizes = []int{256, 512, 1024, 4096, 16384, 32768, 65536}

func codecs(t testing.TB) []compress.Codec {
	list := compress.Builtin()
	for _, level := range []int{1, 9} {
		c, err := compress.ZlibLevel(level)
		if err != nil {
			t.Fatal(err)
		}
		z, err := compress.ZstdLevel(level * 2)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c, z)
	}
	return list
}

func TestRoundTrip(t *testing.T) {
	for i, c := range codecs(t) {
		for _, size := range sizes {
			for name, page := range pages(size) {
				t.Run(fmt.Sprintf("%s-%d/%d/%s", c.Name(), i, size, name), func(t *testing.T) {
					packed, err := c.Compress([]byte("front"), page)
					if err != nil || string(packed[:5]) != "front" {
						t.Fatalf("%q, %v", packed[:5], err)
					}
					packed = packed[5:]
					if len(packed) > c.Bound(size) || len(packed) == 0 {
						t.Fatalf("%d bytes; the bound is %d", len(packed), c.Bound(size))
					}
					if name == "zeros" && len(packed) > size/2 {
						t.Errorf("%d zeros become %d bytes", size, len(packed))
					}
					got := make([]byte, size)
					if err := c.Decompress(got, packed); err != nil || !bytes.Equal(got, page) {
						t.Fatalf("does not come back: %v", err)
					}
					for _, wrong := range []int{0, 1, size - 1, size + 1, 2 * size} {
						if err := c.Decompress(make([]byte, wrong), packed); err == nil {
							t.Errorf("fits into %d bytes, too", wrong)
						}
					}
					for _, n := range []int{0, 1, 5, len(packed) / 2, len(packed) - 1} {
						if err := c.Decompress(got, packed[:n]); err == nil && !bytes.Equal(got, page) {
							t.Errorf("%d of %d bytes are taken for a page", n, len(packed))
						}
					}
					if err := c.Decompress(got, packed); err != nil || !bytes.Equal(got, page) {
						t.Errorf("after failures: %v", err)
					}
				})
			}
		}
	}
}

// TestBombs: what claims to be, or is, much larger than a page is refused and takes no
// memory to find that out.
func TestBombs(t *testing.T) {
	const size = 4096
	huge := make([]byte, 32<<20)
	for _, c := range compress.Builtin() {
		bomb, err := c.Compress(nil, huge)
		if err != nil {
			t.Fatal(err)
		}
		claims := bytes.Clone(bomb)
		switch c.Name() {
		case "snappy": // a length of 2 GiB
			claims = append([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0x07}, bomb[4:]...)
		case "zstd": // a content size of 2^62 bytes in one segment, and a window of terabytes
			claims = append([]byte{0x28, 0xB5, 0x2F, 0xFD, 0xE4, 0, 0, 0, 0, 0, 0, 0, 0x40}, bomb[9:]...)
		}
		page := make([]byte, size)
		for _, b := range [][]byte{bomb, claims, {0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0}} {
			if err := c.Decompress(page, b); err == nil {
				t.Errorf("%s: a bomb is decompressed into a page", c.Name())
			}
			r := testing.Benchmark(func(b2 *testing.B) {
				b2.ReportAllocs()
				for range min(b2.N, 20) {
					_ = c.Decompress(page, b)
				}
			})
			if per := r.MemBytes / uint64(min(r.N, 20)); per > 1<<20 {
				t.Errorf("%s: a bomb takes %d bytes of memory", c.Name(), per)
			}
		}
	}
}

// TestFlippedBits: a checksum in the stream finds every one. Without one, as in LZ4 and
// Snappy, the page sum of the file has to.
func TestFlippedBits(t *testing.T) {
	for _, c := range compress.Builtin() {
		page := pages(4096)["text"]
		packed, err := c.Compress(nil, page)
		if err != nil {
			t.Fatal(err)
		}
		silent := 0
		got := make([]byte, len(page))
		for bit := range 8 * len(packed) {
			packed[bit/8] ^= 1 << (bit % 8)
			if c.Decompress(got, packed) == nil && !bytes.Equal(got, page) {
				silent++
			}
			packed[bit/8] ^= 1 << (bit % 8)
		}
		t.Logf("%s: %d of %d flipped bits give another page", c.Name(), silent, 8*len(packed))
		if silent > 0 && (c.Name() == "zlib" || c.Name() == "zstd") {
			t.Errorf("%s: %d flipped bits are not noticed", c.Name(), silent)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	for _, c := range compress.Builtin() {
		t.Run(c.Name(), func(t *testing.T) {
			for g := range 4 {
				t.Run("", func(t *testing.T) {
					t.Parallel()
					rng := rand.New(rand.NewPCG(uint64(g), 2))
					for range 50 {
						for _, page := range pages(sizes[rng.IntN(5)]) {
							packed, err := c.Compress(nil, page)
							if err != nil {
								t.Fatal(err)
							}
							got := make([]byte, len(page))
							if err := c.Decompress(got, packed); err != nil || !bytes.Equal(got, page) {
								t.Fatal("does not come back", err)
							}
						}
					}
				})
			}
		})
	}
}

// fake is a codec that only has a name.
type fake struct {
	compress.Codec
	id   uint32
	name string
}

func (f fake) ID() uint32   { return f.id }
func (f fake) Name() string { return f.name }

func TestCheckAndLookUp(t *testing.T) {
	for _, test := range []struct {
		list []compress.Codec
		want string
	}{
		{nil, ""},
		{[]compress.Codec{fake{id: 20000, name: "mine"}, fake{id: 2, name: "other-1"}}, ""},
		{[]compress.Codec{fake{id: compress.IDZstd, name: "zstd"}}, ""},
		{[]compress.Codec{nil}, "codec 0 is nil"},
		{[]compress.Codec{fake{id: 1, name: "mine"}}, "mean no compression"},
		{[]compress.Codec{fake{id: 20000, name: "none"}}, "not be \"none\""},
		{[]compress.Codec{fake{id: 20000, name: "9"}}, "begin with a letter"},
		{[]compress.Codec{fake{id: 20000, name: "a b"}}, "small letters, digits and dashes"},
		{[]compress.Codec{fake{id: 20000, name: "Big"}}, "small letters"},
		{[]compress.Codec{fake{id: 20000, name: "a"}, fake{id: 20000, name: "b"}}, "same id"},
		{[]compress.Codec{fake{id: 20000, name: "a"}, fake{id: 20001, name: "a"}}, "same name"},
		{[]compress.Codec{fake{id: 20000, name: "zstd"}}, "same name"},
	} {
		err := compress.Check(test.list)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("want %q, got %v", test.want, err)
		}
	}
	mine := []compress.Codec{fake{id: 20000, name: "mine"}, fake{id: compress.IDZstd, name: "zstd"}}
	for name, id := range map[string]uint32{"mine": 20000, "20000": 20000, "zstd": 10003, "10003": 10003, "lz4": 10001, "snappy": 11001, "10002": 10002} {
		c, ok := compress.ByName(name, mine)
		if !ok || c.ID() != id {
			t.Errorf("%s: %v, %v", name, c, ok)
		}
		if _, own := c.(fake); own != (id == 20000 || id == 10003) {
			t.Errorf("%s: the user's codec does not come first", name)
		}
	}
	for _, name := range []string{"", "none", "1", "0", "ZSTD", "brotli", "99"} {
		if _, ok := compress.ByName(name, mine); ok {
			t.Errorf("there is a codec %q", name)
		}
	}
	for id, want := range map[uint32]string{0: "none (1)", 1: "none (1)", 10001: "lz4 (10001)", 20000: "mine (20000)", 77: "codec 77"} {
		if got := compress.Describe(id, mine); got != want {
			t.Errorf("%d is described as %q", id, got)
		}
	}
	if _, err := compress.ZlibLevel(10); err == nil {
		t.Error("zlib has a level 10")
	}
	if _, err := compress.ZstdLevel(0); err == nil {
		t.Error("zstd has a level 0")
	}
}

// FuzzDecompress feeds any bytes to each codec: it must fail or fill the page, and must
// go on working.
func FuzzDecompress(f *testing.F) {
	for i, c := range compress.Builtin() {
		for _, page := range pages(1024) {
			packed, err := c.Compress(nil, page)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), packed)
		}
	}
	list := compress.Builtin()
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		c := list[int(which)%len(list)]
		const size = 1024
		room := make([]byte, size+64)
		guard := room[size:]
		for i := range guard {
			guard[i] = 0xA5
		}
		err := c.Decompress(room[:size:size], data)
		if crc32.ChecksumIEEE(guard) != crc32.ChecksumIEEE(bytes.Repeat([]byte{0xA5}, 64)) {
			t.Fatal("writes behind the page")
		}
		if err == nil {
			again := make([]byte, size)
			if err := c.Decompress(again, data); err != nil || !bytes.Equal(again, room[:size]) {
				t.Fatal("the same bytes give another page", err)
			}
		}
	})
}
