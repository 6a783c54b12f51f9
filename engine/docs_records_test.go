// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// recordExamples writes compressed databases and takes their records apart.
func recordExamples(t *testing.T, ex map[string]string) {
	t.Helper()
	// Two keys, as in the examples of the other layout.
	fs := memfs.New()
	db := openCompressed(t, fs)
	commit(t, db, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) })
	commit(t, db, func(tx *engine.Tx) error { return tx.Put([]byte("b"), []byte("22")) })
	closeExample(t, db)
	data := readExample(t, fs, "ex.lsm")
	var d dump
	d.line(8192, data[8192:8196], "link: the block before block 1 in the segment; none")
	end := docRecords(t, &d, data, 8196, int64(len(data)))
	fmt.Fprintf(&d, "%04x: the end: first page 8196, last byte %d, an append point at %d\n", end, end-1, end)
	ex["records"] = d.String()

	// Values that cannot be compressed fill the first block.
	fs = memfs.New()
	db = openCompressed(t, fs)
	commit(t, db, func(tx *engine.Tx) error {
		x := uint64(1)
		for i := range 60 {
			v := make([]byte, 0, 1000)
			for len(v) < 1000 {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
				v = binary.BigEndian.AppendUint64(v, x)
			}
			if err := tx.Put(fmt.Appendf(nil, "key%02d", i), v); err != nil {
				return err
			}
		}
		return nil
	})
	closeExample(t, db)
	data = readExample(t, fs, "ex.lsm")
	d = dump{}
	docBorder(t, &d, data)
	ex["block-border"] = d.String()
}

func openCompressed(t *testing.T, fs *memfs.FS) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), "ex.lsm", engine.Options{FS: fs, Compression: "lz4",
		PageSize: examplePageSize, BlockSize: exampleBlockSize, NoAutoWork: true, AutoCheckpoint: -1})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// docSize reads a size field by the text of the document.
func docSize(b []byte) (n int64, pad bool) {
	return int64(b[0]&0x7F)<<14 | int64(b[1]&0x7F)<<7 | int64(b[2]&0x7F), b[1]&0x80 == 0
}

// docRecords takes apart the records from off to end, which lie in one block.
func docRecords(t *testing.T, d *dump, data []byte, off, end int64) int64 {
	t.Helper()
	for off < end {
		if data[off]&0x80 == 0 {
			n := int64(data[off])
			d.line(int(off), data[off:off+n], "padding of %d bytes: its length, first and last", n)
			off += n
			continue
		}
		n, pad := docSize(data[off:])
		if !bytes.Equal(data[off:off+3], data[off+3+n:off+6+n]) {
			t.Fatalf("the size fields of the record at %d differ", off)
		}
		if pad {
			d.line(int(off), data[off:off+3], "size field: padding, %d bytes and the fields", n)
			d.line(int(off+3), data[off+3:off+3+n], "anything; lsmlite and C lsm1 write zeros")
			d.line(int(off+3+n), data[off+3+n:off+6+n], "the size field again")
			off += n + 6
			continue
		}
		page := docLZ4(t, data[off+3:off+3+n])
		if len(page) != examplePageSize {
			t.Fatalf("the page at %d has %d bytes", off, len(page))
		}
		p := &docPage{t: t, number: off, pageSize: examplePageSize, raw: page}
		if seal := docSeal(t, data, off); p.crc() != seal {
			t.Fatalf("page %d has the CRC %04x, and the seal of its segment is %04x", off, p.crc(), seal)
		}
		d.line(int(off), data[off:off+3], "page %d: size field, a page of %d bytes", off, n)
		d.line(int(off+3), data[off+3:off+3+n], "the image: %d bytes when decompressed, page sum %04x", len(page), p.flags()>>3)
		d.line(int(off+3+n), data[off+3+n:off+6+n], "the size field again")
		off += n + 6
	}
	return off
}

// docBorder shows the record that reaches from block 1 into the next one.
func docBorder(t *testing.T, d *dump, data []byte) {
	t.Helper()
	const last = exampleBlockSize - 5
	off := int64(8196)
	for {
		n, pad := docSize(data[off:])
		if pad || data[off]&0x80 == 0 {
			t.Fatal("no record reaches into the next block")
		}
		if off+n+6-1 > last {
			break
		}
		off += n + 6
	}
	n, _ := docSize(data[off:])
	link := int64(binary.BigEndian.Uint32(data[last+1:]))
	start := (link - 1) * exampleBlockSize
	here := int64(last) + 1 - off - 3 // bytes of the image in block 1
	if here < 1 || here > n {
		t.Fatal("a size field is cut; the example wants the image to be")
	}
	rest := n - here
	image := append(bytes.Clone(data[off+3:last+1]), data[start+4:start+4+rest]...)
	if len(docLZ4(t, image)) != examplePageSize {
		t.Fatal("the two parts do not make a page")
	}
	d.line(int(off), data[off:off+3], "page %d: size field, a page of %d bytes", off, n)
	d.line(int(off+3), data[off+3:last+1], "the first %d bytes of its image, to the end of block 1", here)
	d.line(last+1, data[last+1:last+5], "link: the segment goes on in block %d", link)
	d.line(int(start), data[start:start+4], "link: the segment comes from block 1")
	d.line(int(start+4), data[start+4:start+4+rest], "the other %d bytes of the image", rest)
	at := start + 4 + rest
	d.line(int(at), data[at:at+3], "the size field again; page %d follows", at+3)
}

// docLZ4 decompresses an LZ4 block, by the description of that format.
func docLZ4(t *testing.T, b []byte) (out []byte) {
	t.Helper()
	length := func(n int) int {
		for n >= 15 {
			c := int(b[0])
			b = b[1:]
			if n += c; c < 255 {
				break
			}
		}
		return n
	}
	for len(b) > 0 {
		token := int(b[0])
		b = b[1:]
		n := length(token >> 4)
		out, b = append(out, b[:n]...), b[n:]
		if len(b) == 0 {
			break
		}
		back := int(b[0]) | int(b[1])<<8
		b = b[2:]
		for n = length(token&15) + 4; n > 0; n-- {
			out = append(out, out[len(out)-back])
		}
	}
	return out
}
