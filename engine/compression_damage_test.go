// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
)

var flipAll = flag.Bool("flip.all", false, "TestFlippedBits tries every bit of each file, which takes minutes")

// TestFlippedBits flips bits of closed compressed databases. What is not noticed must not
// matter: it lies in padding, in space that nobody uses, or decompresses to the same page.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	for _, name := range codecNames {
		t.Run(name, func(t *testing.T) {
			data, content := filled(t, engine.Options{Compression: name, PageSize: 1024, BlockSize: 64 << 10}, 150)
			rng := rand.New(rand.NewPCG(1, 2))
			var tried, refused, found, harmless, wrong int
			for bit := 8 * 8192; bit < 8*len(data); bit++ {
				if !*flipAll && rng.IntN(8*len(data)/300) != 0 {
					continue
				}
				tried++
				data[bit/8] ^= 1 << (bit % 8)
				db, _, err := openBytes(data, engine.Options{ReadOnly: true})
				data[bit/8] ^= 1 << (bit % 8)
				if err != nil {
					refused++
					continue
				}
				got, err := enginetest.Rows(db)
				switch {
				case err != nil:
					found++
				case maps.Equal(got, content):
					harmless++
				default:
					wrong++
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%s: %d bits of %d bytes flipped: %d refused at open, %d found by a scan, %d without effect, %d wrong rows",
				name, tried, len(data), refused, found, harmless, wrong)
			// A page sum of 13 bits lets one in 8192 pass; zlib and zstd have their own as well.
			if most := tried / 1000; wrong > most {
				t.Errorf("%d of %d flipped bits give wrong rows", wrong, tried)
			}
			if refused+found < tried/2 {
				t.Errorf("only %d of %d flipped bits are noticed", refused+found, tried)
			}
		})
	}
}

// TestCheckOfCompressedFiles damages a database in ways that reading may not notice.
func TestCheckOfCompressedFiles(t *testing.T) {
	data, _ := filled(t, engine.Options{Compression: "zlib", PageSize: 512, BlockSize: 64 << 10}, 4000)
	db, _, err := openBytes(data, engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	segment := db.Structure()[0].Segments[0]
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const block = 64 << 10
	nextLink := (segment.First/block+1)*block - 4
	next := int64(binary.BigEndian.Uint32(data[nextLink:]))
	pad := segment.Last // the last byte of the segment is one of padding
	head := segment.First
	size := func(b []byte) int64 {
		return int64(b[0]&0x7F)<<14 | int64(b[1]&0x7F)<<7 | int64(b[2]&0x7F)
	}
	second := head + size(data[head:]) + 6
	for _, test := range []struct {
		what   string
		change func(b []byte)
		text   string
	}{
		{"a link to no block", func(b []byte) { binary.BigEndian.PutUint32(b[nextLink:], 0) }, "links to block 0"},
		{"a link to itself", func(b []byte) { binary.BigEndian.PutUint32(b[nextLink:], uint32(segment.First/block+1)) }, "circle"},
		{"a wrong link back", func(b []byte) { binary.BigEndian.PutUint32(b[(next-1)*block:], 1+uint32(next)%3) }, "links back"},
		{"an image", func(b []byte) { b[second+9] ^= 1 }, "are not a page compressed with zlib"},
		{"a first size field", func(b []byte) { b[second+2] ^= 1 }, "do not match"},
		{"a second size field", func(b []byte) { b[second+size(b[second:])+6-1] ^= 1 }, "do not match"},
		{"the end of the padding", func(b []byte) { b[pad] ^= 0x40 }, ""},
		{"a page turned into padding", func(b []byte) {
			n := size(b[second:])
			b[second+1] &^= 0x80
			b[second+n+3+1] &^= 0x80
		}, ""},
	} {
		damaged := bytes.Clone(data)
		test.change(damaged)
		db, _, err := openBytes(damaged, engine.Options{ReadOnly: true})
		if err != nil {
			if !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("%s: %v", test.what, err)
			}
			continue
		}
		var problems []string
		for p := range db.Check(context.Background()) {
			problems = append(problems, p.String())
		}
		if len(problems) == 0 || !strings.Contains(strings.Join(problems, "\n"), test.text) {
			t.Errorf("%s: want %q, check says %q", test.what, test.text, problems[:min(len(problems), 5)])
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzCompressedFile changes bytes of a compressed database. Opening, reading, checking and
// dumping it may fail, and must not panic, hang, or take memory that the file does not hold.
func FuzzCompressedFile(f *testing.F) {
	var files [][]byte
	for _, name := range codecNames {
		data, _ := filled(f, engine.Options{Compression: name, PageSize: 256, BlockSize: 64 << 10}, 60)
		files = append(files, data)
	}
	f.Add(uint8(0), uint32(8196), []byte{0x80, 0x80, 0x80})
	f.Add(uint8(1), uint32(8192), []byte{0, 0, 0, 1})
	f.Add(uint8(2), uint32(8300), []byte{5, 1, 2, 0, 5})
	f.Add(uint8(3), uint32(65532), []byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, which uint8, at uint32, change []byte) {
		data := bytes.Clone(files[int(which)%len(files)])
		copy(data[8192+int(at)%(len(data)-8192):], change)
		db, _, err := openBytes(data, engine.Options{})
		if err != nil {
			return
		}
		_, _ = enginetest.Rows(db)
		for range db.Check(context.Background()) {
		}
		_, _ = db.PageDump(int64(at))
		_ = db.Optimize(context.Background())
		_ = db.Close()
	})
}
