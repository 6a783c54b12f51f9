// SPDX-License-Identifier: Apache-2.0

package dump_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/dump"
)

type row struct{ key, value string }

// write returns the stream of rows.
func write(t testing.TB, list []row) []byte {
	t.Helper()
	var b bytes.Buffer
	w := dump.NewWriter(&b)
	for _, r := range list {
		if err := w.Row([]byte(r.key), []byte(r.value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns the rows of a stream, and the error that is not its end.
func read(stream io.Reader) (list []row, err error) {
	r, err := dump.NewReader(stream)
	for err == nil {
		var k, v []byte
		if k, v, err = r.Next(); err == nil {
			list = append(list, row{string(k), string(v)})
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

// random makes rows of all lengths, some of which take many chunks.
func random(rnd *rand.Rand, n int) []row {
	lengths := []int{0, 1, 20, 1000, dump.ChunkSize - 6, dump.ChunkSize - 5, dump.ChunkSize, 3 * dump.ChunkSize}
	bytesOf := func() string {
		b := make([]byte, lengths[rnd.IntN(3+rnd.IntN(len(lengths)-2))]+rnd.IntN(3))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return string(b)
	}
	list := make([]row, n)
	for i := range list {
		list[i] = row{bytesOf(), bytesOf()}
	}
	return list
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		list := random(rnd, n)
		got, err := read(bytes.NewReader(write(t, list)))
		if err != nil || !slices.Equal(got, list) {
			t.Fatalf("%d rows: %d came back, %v", n, len(got), err)
		}
	}
}

// TestDamage flips a bit, cuts, doubles and swaps parts of a stream: each is an error, and the rows that
// were read before it are right.
func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	list := random(rnd, 40)
	whole := write(t, list)
	tries := 300
	if testing.Short() {
		tries = 30
	}
	for i := range tries {
		stream := bytes.Clone(whole)
		at, n := rnd.IntN(len(stream)), 1+rnd.IntN(2*dump.ChunkSize)
		end := min(at+n, len(stream))
		what := ""
		switch i % 4 {
		case 0:
			stream[at] ^= 1 << rnd.IntN(8)
			what = "flipped"
		case 1:
			stream = stream[:at]
			what = "cut"
		case 2:
			stream = slices.Concat(stream[:end], stream[at:])
			what = "doubled"
		case 3:
			stream = slices.Concat(stream[:at], stream[end:])
			what = "left out"
		}
		got, err := read(bytes.NewReader(stream))
		damage, ok := errors.AsType[*dump.DamageError](err)
		if !ok {
			t.Fatalf("%s at %d: %v", what, at, err)
		}
		if damage.Rows != int64(len(got)) || !slices.Equal(got, list[:min(len(got), len(list))]) {
			t.Fatalf("%s at %d: %d rows that differ, %v", what, at, len(got), err)
		}
		if damage.Offset > int64(end) && what != "doubled" && what != "left out" {
			t.Errorf("%s at %d: noticed only at %d", what, at, damage.Offset)
		}
	}
}

// TestSwappedChunks: chunks of a stream in another order are noticed, and so is the end of another one.
func TestSwappedChunks(t *testing.T) {
	stream := func(n int) []byte {
		var list []row
		for i := range n {
			list = append(list, row{fmt.Sprint(i), strings.Repeat("x", dump.ChunkSize-20)})
		}
		return write(t, list)
	}
	three, four := stream(3), stream(4)
	const end = 9 + 16 + 4
	size := (len(three) - 16 - end) / 3
	chunk := func(i int) []byte { return three[16+i*size:][:size] }
	for name, s := range map[string][]byte{
		"swapped":    slices.Concat(three[:16], chunk(1), chunk(0), chunk(2), three[16+3*size:]),
		"left out":   slices.Concat(three[:16], chunk(0), chunk(1), three[16+3*size:]),
		"ends early": slices.Concat(four[:16+3*size], four[len(four)-end:]),
		"two ends":   append(bytes.Clone(three), three[len(three)-end:]...),
	} {
		if _, err := read(bytes.NewReader(s)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNoDump(t *testing.T) {
	newer := write(t, nil)
	newer[9] = 2
	for name, c := range map[string]struct{ stream, want string }{
		"empty":  {"", "at byte 0, after 0 rows: it ends here"},
		"other":  {strings.Repeat("SQLite format 3\x00", 2), "does not begin as a dump does"},
		"header": {string(newer), "its header has another checksum"},
	} {
		if _, err := read(strings.NewReader(c.stream)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWriteFails: an error of the writer is returned, at the latest by Close.
func TestWriteFails(t *testing.T) {
	full := errors.New("full")
	list := random(rand.New(rand.NewPCG(5, 6)), 30)
	size := len(write(t, list))
	for at := 0; at < size; at += 1 + size/50 {
		w := dump.NewWriter(&limited{left: at, err: full})
		var err error
		for _, r := range list {
			if err = w.Row([]byte(r.key), []byte(r.value)); err != nil {
				break
			}
		}
		if closed := w.Close(); !errors.Is(closed, full) || err != nil && !errors.Is(err, full) {
			t.Fatalf("after %d bytes: %v, %v", at, err, closed)
		}
	}
}

type limited struct {
	left int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return l.left, l.err
	}
	l.left -= len(p)
	return len(p), nil
}

// FuzzReader holds that any stream is rows or an error, in bounded memory, and that what is read as a whole
// stream is the same when it is written again and read.
func FuzzReader(f *testing.F) {
	f.Add(write(f, nil))
	f.Add(write(f, []row{{"a", "1"}, {"", ""}}))
	f.Add(write(f, []row{{"a", strings.Repeat("long", dump.ChunkSize/2)}}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		list, err := read(bytes.NewReader(stream))
		if err != nil {
			return
		}
		again, err := read(bytes.NewReader(write(t, list)))
		if err != nil || !slices.Equal(list, again) {
			t.Fatalf("%d rows, and %d when written again, %v", len(list), len(again), err)
		}
	})
}

// TestDocument holds that the example of docs/dump-format.md is what a Writer writes.
func TestDocument(t *testing.T) {
	raw, err := os.ReadFile("../../docs/dump-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(raw), "```hex\n")
	example, _, _ = strings.Cut(example, "```")
	got := write(t, []row{{"a", "1"}, {"user/2", ""}})
	var lines strings.Builder
	for i, b := range got {
		sep := " "
		switch {
		case i%16 == 15 || i == len(got)-1:
			sep = "\n"
		case i%8 == 7:
			sep = "  "
		}
		fmt.Fprintf(&lines, "%02x%s", b, sep)
	}
	if lines.String() != example {
		t.Errorf("the document has\n%sand it is\n%s", example, lines.String())
	}
	for _, n := range []string{"262,144", "2,147,483,647", "`" + dump.Magic + "`", "256 KiB"} {
		if !strings.Contains(string(raw), n) {
			t.Errorf("the document does not say %s", n)
		}
	}
}
