// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// The examples in docs/file-format.md are made here: small databases are written through
// the engine and taken apart by a reader of its own, which knows only what the document
// says and compares every checksum it meets. So the document, the engine and this
// reader agree or a test fails.

var updateDocs = flag.Bool("update", false, "rewrite the examples in docs/file-format.md")

const formatDoc = "../docs/file-format.md"

// exampleBlock matches an example: the comment that names it and the code block behind.
var exampleBlock = regexp.MustCompile("(?s)(<!-- example: ([a-z-]+) -->\n```[a-z]*\n)(.*?)(```\n)")

func TestFileFormatExamples(t *testing.T) {
	engine.FixLogMarks(t)
	want := makeExamples(t)
	raw, err := os.ReadFile(filepath.FromSlash(formatDoc))
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.ReplaceAll(string(raw), "\r\n", "\n")
	seen := make(map[string]bool)
	made := exampleBlock.ReplaceAllStringFunc(doc, func(block string) string {
		m := exampleBlock.FindStringSubmatch(block)
		name, have := m[2], m[3]
		text, known := want[name]
		switch {
		case !known:
			t.Errorf("the document has an example %q that is not made here", name)
			return block
		case have != text && !*updateDocs:
			t.Errorf("example %q is stale (run with -update)\nin the document:\n%s\nnow:\n%s", name, have, text)
		}
		seen[name] = true
		return m[1] + text + m[4]
	})
	for name := range want {
		if !seen[name] {
			t.Errorf("example %q is not in the document", name)
		}
	}
	if n := strings.Count(doc, "<!-- example:"); n != len(seen) {
		t.Errorf("the document has %d marks of examples, %d of them with a code block", n, len(seen))
	}
	if *updateDocs && made != doc {
		if err := os.WriteFile(filepath.FromSlash(formatDoc), []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// makeExamples writes the databases and returns the examples by name.
func makeExamples(t *testing.T) map[string]string {
	t.Helper()
	ex := make(map[string]string)

	// Two keys: the log before the database is closed, the file after.
	fs := memfs.New()
	db := openExample(t, fs, engine.SafetyNormal)
	commit(t, db, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) })
	commit(t, db, func(tx *engine.Tx) error { return tx.Put([]byte("b"), []byte("22")) })
	ex["log"] = annotateLog(t, readExample(t, fs, "ex.lsm-log"))
	closeExample(t, db)
	data := readExample(t, fs, "ex.lsm")
	ex["checkpoint"] = annotateCheckpoint(t, data)
	ex["note"] = annotateNote(t, data)
	two := examplePage(t, data, 9)
	ex["leaf"] = two.annotate()

	// Every kind of operation, padded to a sector.
	fs = memfs.New()
	db = openExample(t, fs, engine.SafetyFull)
	commit(t, db, func(tx *engine.Tx) error {
		if err := tx.Put([]byte("k"), nil); err != nil {
			return err
		}
		if err := tx.Delete([]byte("a")); err != nil {
			return err
		}
		return tx.DeleteRange([]byte("b"), []byte("xy"))
	})
	ex["log-full"] = annotateLog(t, readExample(t, fs, "ex.lsm-log"))
	closeExample(t, db)

	// Two levels: one with a b-tree, above it one with deletes.
	fs = memfs.New()
	db = openExample(t, fs, engine.SafetyNormal)
	commit(t, db, func(tx *engine.Tx) error {
		for i := range 50 {
			value := strings.Repeat("v", 50)
			if i == 10 {
				value = strings.Repeat("w", 1500)
			}
			if err := tx.Put(fmt.Appendf(nil, "key%02d", i), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	commit(t, db, func(tx *engine.Tx) error {
		if err := tx.Delete([]byte("key05")); err != nil {
			return err
		}
		if err := tx.DeleteRange([]byte("key20"), []byte("key30")); err != nil {
			return err
		}
		return tx.Put([]byte("key25"), []byte("new"))
	})
	if err := db.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	levels := db.Structure()
	closeExample(t, db)
	data = readExample(t, fs, "ex.lsm")
	if len(levels) != 2 {
		t.Fatalf("%d levels; the example is about two", len(levels))
	}
	marks, tree := levels[0].Segments[0], levels[1].Segments[0]
	ex["marks"] = examplePage(t, data, marks.First).annotate()
	ex["tail"] = examplePage(t, data, tree.First+1).annotate() + "\n" + examplePage(t, data, tree.First+2).annotate()
	root := examplePage(t, data, tree.Root)
	ex["btree"] = root.annotate()

	ex["page-sum"] = sumVectors(t, two, root)
	recordExamples(t, ex)
	return ex
}

const (
	examplePageSize  = 1024
	exampleBlockSize = 64 << 10
)

func openExample(t *testing.T, fs *memfs.FS, s engine.Safety) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), "ex.lsm", engine.Options{FS: fs, Safety: s,
		PageSize: examplePageSize, BlockSize: exampleBlockSize, NoAutoWork: true, AutoCheckpoint: -1})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closeExample(t *testing.T, db *engine.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, db *engine.DB, f func(*engine.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func readExample(t *testing.T, fs *memfs.FS, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// dump collects annotated lines: offset, bytes, meaning.
type dump struct{ bytes.Buffer }

// dumpBytes is how many bytes stand on a line; of more, the first ones and their number
// are shown.
const dumpBytes = 10

func (d *dump) line(off int, b []byte, format string, args ...any) {
	shown := fmt.Sprintf("% x", b)
	if len(b) > dumpBytes {
		shown = fmt.Sprintf("% x … (%d)", b[:4], len(b))
	}
	fmt.Fprintf(d, "%04x: %-29s  %s\n", off, shown, fmt.Sprintf(format, args...))
}

// docVarint reads a varint by the table of the document.
func docVarint(b []byte) (v uint64, n int) {
	switch b0 := b[0]; {
	case b0 <= 240:
		return uint64(b0), 1
	case b0 <= 248:
		return 240 + 256*uint64(b0-241) + uint64(b[1]), 2
	case b0 == 249:
		return 2288 + 256*uint64(b[1]) + uint64(b[2]), 3
	default:
		n = int(b0) - 246
		for _, c := range b[1:n] {
			v = v<<8 | uint64(c)
		}
		return v, n
	}
}

// docLogSum runs the log's checksum over one interval.
func docLogSum(s0, s1 uint32, interval []byte) (uint32, uint32) {
	for len(interval)%8 != 0 {
		interval = append(interval[:len(interval):len(interval)], 0)
	}
	for i := 0; i < len(interval); i += 8 {
		s0 += binary.LittleEndian.Uint32(interval[i:]) + s1
		s1 += binary.LittleEndian.Uint32(interval[i+4:]) + s0
	}
	return s0, s1
}

// annotateNote takes the note of meta page 2 apart.
func annotateNote(t *testing.T, file []byte) string {
	t.Helper()
	var d dump
	note := file[4096+3584 : 4096+4066]
	sum := binary.BigEndian.Uint32(note[478:])
	if got := crc32.Checksum(note[:478], crc32.MakeTable(crc32.Castagnoli)); got != sum {
		t.Fatalf("CRC-32C of the note is %08x, stored is %08x", got, sum)
	}
	if !bytes.Equal(note[28:36], file[4096:4104]) {
		t.Fatalf("the note is of checkpoint %x, the page holds %x", note[28:36], file[4096:4104])
	}
	n := int(binary.BigEndian.Uint16(note[10:]))
	d.line(0, note[:8], "%q", note[:8])
	d.line(8, note[8:9], "version")
	d.line(9, note[9:10], "flags: second page, all pages were durable")
	if note[9] != 3 {
		t.Fatalf("flags %02x", note[9])
	}
	d.line(10, note[10:12], "length of the log's name: %d", n)
	d.line(12, note[12:28], "mark of the log %q", note[12:28])
	d.line(28, note[28:36], "snapshot id %d", binary.BigEndian.Uint64(note[28:]))
	d.line(36, note[36:44], "checksum c1, c2 of the checkpoint")
	d.line(44, note[44:52], "log position: offset %d, toggle %d", note[51]/2, note[51]%2)
	d.line(52, note[52:60], "checksum of the log there")
	d.line(60, note[60:60+n], "name of the log %q", note[60:60+n])
	d.line(478, note[478:], "CRC-32C")
	return d.String()
}

// annotateLog takes a log without jumps apart.
func annotateLog(t *testing.T, log []byte) string {
	t.Helper()
	var d dump
	s0, s1 := uint32(1234), uint32(5678)
	interval, at := 0, 0
	for at < len(log) && log[at] != 0 {
		start := at
		op := log[at]
		at++
		varint := func() int {
			v, n := docVarint(log[at:])
			at += n
			return int(v)
		}
		data := func(what string, n int) {
			if n == 0 {
				return
			}
			d.line(at, log[at:at+n], "%s %q", what, log[at:at+n])
			at += n
		}
		switch op {
		case 0x01:
			d.line(start, log[start:at], "pad of one byte")
		case 0x02:
			n := varint()
			at += n
			what := "pad"
			if string(log[start+2:start+10]) == "lsmlhead" {
				what = "head"
			}
			d.line(start, log[start:at], "%s: %d bytes follow", what, n)
		case 0x03:
			d.line(start, log[start:at], "commit")
			s0, s1 = docLogSum(s0, s1, log[interval:at])
			b0, b1 := binary.BigEndian.Uint32(log[at:]), binary.BigEndian.Uint32(log[at+4:])
			if b0 != s0 || b1 != s1 {
				t.Fatalf("checksum %08x %08x at %d, computed %08x %08x", b0, b1, at, s0, s1)
			}
			d.line(at, log[at:at+8], "checksum of bytes %04x to %04x: s0 = %08x, s1 = %08x", interval, at-1, s0, s1)
			at += 8
			interval = at
		case 0x06:
			k, v := varint(), varint()
			d.line(start, log[start:at], "write: key length %d, value length %d", k, v)
			data("key", k)
			data("value", v)
		case 0x08:
			k := varint()
			d.line(start, log[start:at], "delete: key length %d", k)
			data("key", k)
		case 0x0A:
			k1, k2 := varint(), varint()
			d.line(start, log[start:at], "delete range: key lengths %d and %d", k1, k2)
			data("after", k1)
			data("before", k2)
		default:
			t.Fatalf("record type %02x at %d has no place in the example", op, start)
		}
	}
	if interval != at {
		t.Fatalf("the log ends at %d, its last commit at %d", at, interval)
	}
	return d.String()
}

// annotateCheckpoint takes meta page 1 of a database with one plain level apart.
func annotateCheckpoint(t *testing.T, data []byte) string {
	t.Helper()
	var d dump
	word := func(i int) uint32 { return binary.BigEndian.Uint32(data[4*i:]) }
	n := int(word(2))
	at := 0
	line := func(words int, format string, args ...any) {
		d.line(4*at, data[4*at:4*(at+words)], "%s %s", fmt.Sprintf("%2d", at), fmt.Sprintf(format, args...))
		at += words
	}
	long := func() uint64 { return uint64(word(at))<<32 | uint64(word(at+1)) }
	line(2, "snapshot id %d", long())
	line(1, "%d words", n)
	line(1, "compression %d: none", word(at))
	line(1, "%d block", word(at))
	line(1, "block size %d", word(at))
	levels := word(at)
	line(1, "%d level", levels)
	line(1, "page size %d", word(at))
	line(1, "%d page written since the file was made", word(at))
	line(2, "log position: offset %d, toggle %d", long()>>1, long()&1)
	line(2, "checksum of the log there: %08x, %08x", word(at), word(at+1))
	for i := range 4 {
		if p := long(); p != 0 {
			line(2, "append point %d: page %d", i, p)
		} else {
			line(2, "append point %d: unused", i)
		}
	}
	if levels != 1 || word(at+1) != 0 {
		t.Fatal("the example is about one level without a merge")
	}
	flags := word(at) >> 16
	line(1, "level: flags %d, seal %04x, age %d", flags&3, flags>>2, word(at)&0xFFFF)
	line(1, "no inputs: no merge in progress")
	line(2, "segment: first page %d", long())
	line(2, "         last page %d", long())
	line(2, "         root page %d: none", long())
	line(2, "         size: %d page", long())
	line(1, "%d redirects", word(at))
	line(1, "%d free-list entries", word(at))
	if at != n-2 {
		t.Fatalf("read %d words of %d", at, n)
	}
	c1, c2 := uint32(1), uint32(2)
	if n%2 == 1 {
		c1 += word(n-3) & 0x0000FFFF
		c2 += word(n-3) & 0xFFFF0000
	}
	for i := 0; i+3 < n; i += 2 {
		c1 += c2 + word(i)
		c2 += c1 + word(i+1)
	}
	if c1 != word(n-2) || c2 != word(n-1) {
		t.Fatalf("checkpoint checksum %08x %08x, computed %08x %08x", word(n-2), word(n-1), c1, c2)
	}
	line(2, "checksum c1, c2")
	return d.String()
}
