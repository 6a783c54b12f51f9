// SPDX-License-Identifier: Apache-2.0

package dump_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/dump"
)

// chunk makes a chunk with a checksum that fits, whatever is in it.
func chunk(kind byte, number uint32, content ...byte) []byte {
	c := binary.BigEndian.AppendUint32([]byte{kind}, number)
	c = binary.BigEndian.AppendUint32(c, uint32(len(content)))
	return summed(append(c, content...))
}

func summed(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// ends makes the end of a stream.
func ends(number uint32, rows, bytes uint64) []byte {
	return chunk('E', number, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, rows), bytes)...)
}

// TestLies reads streams whose checksums fit, but not what they say. Rows before the lie come, nothing after it.
func TestLies(t *testing.T) {
	head := summed([]byte("lsmldump\x00\x01\x00\x00"))
	good := chunk('R', 0, 1, 1, 'a', 'b')
	long := slices.Concat([]byte{1, 4}, []byte("ab")) // a row of five bytes, of which two are there
	huge := binary.AppendUvarint(nil, dump.MaxLength+1)
	for name, c := range map[string]struct {
		stream []byte
		rows   int
		want   string
	}{
		"a newer version":          {summed([]byte("lsmldump\x00\x02\x00\x00")), 0, "the dump has version 2"},
		"an unknown chunk":         {slices.Concat(head, good, chunk('X', 1, 1)), 1, "there is no chunk"},
		"an empty chunk":           {slices.Concat(head, good, chunk('R', 1)), 1, "there is no chunk"},
		"a part without its front": {slices.Concat(head, good, chunk('C', 1, 'x')), 1, "a part of a row without its front"},
		"half a length":            {slices.Concat(head, chunk('R', 0, 0x80)), 0, "a row without its lengths"},
		"one length":               {slices.Concat(head, chunk('R', 0, 1)), 0, "a row without its lengths"},
		"a length that is none":    {slices.Concat(head, chunk('R', 0, slices.Repeat([]byte{0xff}, 11)...)), 0, "a row without its lengths"},
		"a huge length":            {slices.Concat(head, chunk('R', 0, append(huge, 1)...)), 0, "a row without its lengths"},
		"a row that ends early":    {slices.Concat(head, chunk('R', 0, long...), ends(1, 1, 5)), 0, "the row before it is not complete"},
		"a row cut by another":     {slices.Concat(head, chunk('R', 0, long...), chunk('R', 1, 1, 1, 'a', 'b')), 0, "the row before it is not complete"},
		"a row that goes too far":  {slices.Concat(head, chunk('R', 0, long...), chunk('C', 1, 'c', 'd', 'e', 'f')), 0, "it has more than the rest of its row"},
		"a row cut by the end":     {slices.Concat(head, chunk('R', 0, long...)), 0, "it ends here"},
		"a short end":              {slices.Concat(head, good, chunk('E', 1, 1)), 1, "the end mark has another length"},
		"an end of more rows":      {slices.Concat(head, good, ends(1, 2, 2)), 1, "1 rows of 2 bytes were read, and there were 2 of 2"},
		"an end of fewer bytes":    {slices.Concat(head, good, ends(1, 1, 1)), 1, "1 rows of 2 bytes were read, and there were 1 of 1"},
	} {
		r, err := dump.NewReader(strings.NewReader(string(c.stream)))
		rows := 0
		for err == nil {
			if _, _, err = r.Next(); err == nil {
				rows++
			}
		}
		if rows != c.rows || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d rows, error %v; want %d and %q", name, rows, err, c.rows, c.want)
		}
		if r == nil {
			continue
		}
		if _, _, again := r.Next(); again != err {
			t.Errorf("%s: after the error %v comes %v", name, err, again)
		}
	}
}

// TestReaderFails: what the reader below returns after the end mark is no end.
func TestReaderFails(t *testing.T) {
	whole := write(t, []row{{"a", "1"}})
	broken := errors.New("broken")
	r, err := dump.NewReader(io.MultiReader(strings.NewReader(string(whole)), failing{broken}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Next(); err != broken {
		t.Errorf("error is %v", err)
	}
	if r.Offset() != int64(len(whole)) {
		t.Errorf("%d bytes were read, want %d", r.Offset(), len(whole))
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
