// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func sampleNote() format.Note {
	return format.Note{
		Copy: true, LogInUse: true, Mark: format.LogMark{1, 2, 15: 16}, LogName: "my.lsm-log",
		For: format.CheckpointRef{ID: 4711, Sum: [2]uint32{0xDEADBEEF, 0xFEEDFACE}},
		Log: format.LogPos{Off: 1 << 33, Toggle: true, Sum: format.Checksum{S0: 3, S1: 4}},
	}
}

// notePage puts a note on an otherwise empty meta page.
func notePage(n format.Note) []byte {
	p := make([]byte, format.MetaSize)
	copy(p[format.NoteOffset:], n.Encode())
	return p
}

func TestNoteComesBack(t *testing.T) {
	for flags := range 32 {
		n := sampleNote()
		n.Copy, n.DataSynced, n.LogInUse, n.SyncFailed, n.Restored = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0, flags&16 != 0
		got, ok := format.DecodeNote(notePage(n))
		if !ok || got != n {
			t.Errorf("flags %d: %+v, %v, want %+v", flags, got, ok, n)
		}
	}
	for length, want := range map[int]int{0: 0, format.MaxNoteName: format.MaxNoteName, format.MaxNoteName + 1: 0} {
		n := sampleNote()
		n.LogName = strings.Repeat("x", length)
		if got, ok := format.DecodeNote(notePage(n)); !ok || len(got.LogName) != want {
			t.Errorf("a name of %d bytes comes back with %d, %v", length, len(got.LogName), ok)
		}
	}
}

// TestNoteOfDamagedBytesIsNone flips each bit of a note.
func TestNoteOfDamagedBytesIsNone(t *testing.T) {
	good := notePage(sampleNote())
	for i := format.NoteOffset * 8; i < format.MetaSize*8; i++ {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		if n, ok := format.DecodeNote(bad); ok {
			t.Fatalf("bit %d flipped: %+v", i, n)
		}
	}
	for _, b := range [][]byte{nil, good[:format.MetaSize-1], make([]byte, format.MetaSize)} {
		if n, ok := format.DecodeNote(b); ok {
			t.Errorf("%d bytes: %+v", len(b), n)
		}
	}
}

func TestRefOfIsTheStoredChecksum(t *testing.T) {
	c := &format.Checkpoint{ID: 99, PageSize: 4096, BlockSize: 1 << 20}
	blob, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a := format.RefOf(blob)
	if a.ID != 99 || a.Sum == [2]uint32{} {
		t.Errorf("%+v", a)
	}
	c.Written++
	if blob, err = c.Encode(); err != nil {
		t.Fatal(err)
	}
	if b := format.RefOf(blob); b == a || b.ID != a.ID {
		t.Errorf("another checkpoint has %+v as well", b)
	}
	if r := format.RefOf(make([]byte, format.MetaSize)); r != (format.CheckpointRef{}) {
		t.Errorf("zeros: %+v", r)
	}
}

func TestLogHeadComesBack(t *testing.T) {
	want := format.LogHead{Mark: format.LogMark{9, 8}, Base: format.CheckpointRef{ID: 12, Sum: [2]uint32{1, 2}}}
	b := format.AppendLogHead([]byte("x"), want)[1:]
	if len(b) != format.LogHeadLen {
		t.Fatalf("%d bytes", len(b))
	}
	// Who knows nothing of heads passes over it.
	if h, n := format.DecodeLogHeader(b); h.Kind != format.LogPad || n+int(h.N1) != len(b) {
		t.Errorf("the head is %+v", h)
	}
	if got, ok := format.DecodeLogHead(append(b, 1, 2, 3)); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if h, ok := format.DecodeLogHead(bad); ok {
			t.Fatalf("bit %d flipped: %+v", i, h)
		}
	}
	if _, ok := format.DecodeLogHead(b[:len(b)-1]); ok {
		t.Error("a head that is cut")
	}
}

// FuzzNote decodes anything, and encodes again what is a note.
func FuzzNote(f *testing.F) {
	f.Add(notePage(sampleNote())[format.NoteOffset:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := make([]byte, format.MetaSize)
		copy(p[format.NoteOffset:], b)
		format.DecodeLogHead(b)
		format.RefOf(p)
		if n, ok := format.DecodeNote(p); ok {
			if again, ok := format.DecodeNote(notePage(n)); !ok || again != n {
				t.Errorf("%+v becomes %+v", n, again)
			}
		}
	})
}
