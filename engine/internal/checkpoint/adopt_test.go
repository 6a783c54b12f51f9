// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestAdopt gives a checkpoint a note that has none, where lsmlite has written before, and
// touches nothing else.
func TestAdopt(t *testing.T) {
	encode := func(c *format.Checkpoint) []byte {
		blob, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return blob
	}
	long := at(20)
	long.Blocks = 1
	for len(encode(long)) <= format.NoteOffset {
		long.Levels = append(long.Levels, format.Level{LHS: format.Segment{First: 10, Last: 11, Root: 11, Size: 2}})
	}
	older, newer := encode(at(19)), encode(at(20))
	noteFor := func(blob []byte) []byte {
		return (&format.Note{For: format.RefOf(blob), LogName: "test.db-log"}).Encode()
	}
	for _, c := range []struct {
		name         string
		blob         []byte // on page 2, the newest checkpoint
		note1, note2 []byte
		adopted      bool
	}{
		{"its note is there", newer, noteFor(older), noteFor(newer), false},
		{"its note is an older one", newer, noteFor(older), noteFor(older), true},
		{"its note is gone", newer, noteFor(older), nil, true},
		{"there is no note at all", newer, nil, nil, false},
		{"there is no room for a note", encode(long), noteFor(older), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, bf := open(t)
			for page, meta := range [][2][]byte{{older, c.note1}, {c.blob, c.note2}} {
				if err := bf.WriteMeta(page+1, meta[0], meta[1]); err != nil {
					t.Fatal(err)
				}
			}
			l, err := checkpoint.Load(r, "/test.db")
			if err != nil {
				t.Fatal(err)
			}
			r.ops = nil
			var n checkpoint.Notes
			if err := n.Begin(bf, func() string { return "test.db-log" }, &l, nil); err != nil {
				t.Fatal(err)
			}
			if err := n.Adopt(&l, true); err != nil {
				t.Fatal(err)
			}
			if (len(r.ops) > 0) != c.adopted {
				t.Errorf("did %v", r.ops)
			}
			again, err := checkpoint.Load(r, "/test.db")
			if err != nil {
				t.Fatal(err)
			}
			if again.Checkpoint.ID != 20 || again.NumValid != 2 {
				t.Errorf("checkpoint %d, %d pages are valid: %v", again.Checkpoint.ID, again.NumValid, again.Damaged)
			}
			if c.adopted && (!again.Ours() || !again.Notes()[0].LogInUse || again.Notes()[0].LogName != "test.db-log") {
				t.Errorf("the note is %+v", again.Pages[1].Note)
			}
		})
	}
}
