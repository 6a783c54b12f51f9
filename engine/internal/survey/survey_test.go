// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

var (
	ours   = format.LogMark{1}
	others = format.LogMark{2}
)

func refTo(id base.SnapshotID) format.CheckpointRef {
	return format.CheckpointRef{ID: id, Sum: [2]uint32{uint32(id), 1}}
}

// closed is a database /x of three blocks that was closed: checkpoint 7 on both pages, and no
// log.
func closed() *Situation {
	ck := &format.Checkpoint{ID: 7}
	page := func(second bool) checkpoint.Page {
		return checkpoint.Page{
			Checkpoint: ck, Ref: refTo(7), Ours: true,
			Note: &format.Note{Copy: second, Mark: ours, LogName: "x-log", For: refTo(7)},
		}
	}
	return &Situation{
		Loaded: &checkpoint.Loaded{Checkpoint: ck, Meta: 1, NumValid: 2, Pages: [2]checkpoint.Page{page(false), page(true)}},
		Path:   "/x", Bytes: 3 << 20, LogPath: "/x-log", LogName: "x-log",
	}
}

// inUse makes the notes say that the log is in use.
func inUse(s *Situation) {
	for i := range s.Pages {
		s.Pages[i].Note.LogInUse = true
	}
}

// log gives a situation a log that holds no commit, which begins with a head.
func log(s *Situation, mark format.LogMark, ref format.CheckpointRef) {
	s.HasLog, s.Log = true, wal.Peeked{Size: 100, Head: &format.LogHead{Mark: mark, Base: ref}}
}

// damage makes a meta page one that holds nothing, and its note one for a checkpoint.
func damage(s *Situation, page int, note base.SnapshotID) {
	s.Damaged, s.DamagedMeta, s.NumValid, s.Meta = errors.New("bad sum"), page, 1, checkpoint.Other(page)
	s.Pages[page-1] = checkpoint.Page{}
	if note != 0 {
		s.Pages[page-1].Note = &format.Note{For: refTo(note)}
	}
}

// foreign makes the checkpoint one that C lsm1 has written.
func foreign(s *Situation) {
	for i := range s.Pages {
		s.Pages[i].Note, s.Pages[i].Ours = nil, false
	}
}

// blank makes both meta pages blank, of a file of some bytes.
func blank(s *Situation, bytes int64) {
	s.Loaded = &checkpoint.Loaded{Pages: [2]checkpoint.Page{{Blank: true}, {Blank: true}}}
	s.Bytes = bytes
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *Situation)
		want   Step
		says   string // of Refuse the detail, of FindLog the name, of Accept the notes
	}{
		{"closed", func(*Situation) {}, Accept, ""},
		{"killed", func(s *Situation) { inUse(s); s.HasLog, s.Log.Commits = true, true }, Accept, ""},
		{"killed before the first commit", func(s *Situation) { log(s, ours, refTo(7)) }, Accept, ""},
		{"killed in the middle of the first commit", func(s *Situation) { inUse(s); log(s, ours, refTo(6)) }, Accept, ""},
		{"two checkpoints of one number", func(s *Situation) { s.Pages[1].Ref.Sum[0]++ }, Refuse, "different checkpoints with the number 7"},

		{"the log is gone", inUse, FindLog, "x-log"},
		{"the log is gone, and nowhere", func(s *Situation) { inUse(s); s.Search = NotFound }, Refuse,
			"the newest transactions are in the log x-log, which is not there"},
		{"the log is gone, and has a long name", func(s *Situation) {
			inUse(s)
			s.Pages[1].Note.LogName, s.Search = "", NotFound
		}, Refuse, "the newest transactions are in the log its log"},
		{"the log is gone, which is allowed", func(s *Situation) { inUse(s); s.Search, s.AllowMissingLog = NotFound, true }, Accept,
			"missing: opened as of checkpoint 7"},
		{"the first note alone is no claim", func(s *Situation) { s.Pages[0].Note.LogInUse = true }, Accept, ""},
		{"another log, and the name is another", func(s *Situation) {
			inUse(s)
			s.Pages[1].Note.LogName = "old-log"
			log(s, others, refTo(3))
		}, FindLog, "old-log"},
		{"renamed", func(s *Situation) { inUse(s); s.Search, s.OtherLog, s.HasLog = Taken, "/old-log", true }, Accept,
			"the log was found under the name /old-log"},
		{"copied", func(s *Situation) { inUse(s); s.Search, s.OtherLog, s.Owner = OfAnother, "/old-log", "/old" }, Refuse,
			"this is a copy of /old that was made without its log"},

		{"a log of a newer state", func(s *Situation) { log(s, ours, refTo(8)) }, Refuse, "belongs to a newer state of the database"},
		{"a log of another state of that number", func(s *Situation) {
			log(s, ours, format.CheckpointRef{ID: 7})
		}, Refuse, "belongs to a newer state of the database"},
		{"a log of another database", func(s *Situation) { log(s, others, refTo(3)) }, Refuse, "belongs to another database"},
		{"a log of another database, and a file of C", func(s *Situation) { foreign(s); log(s, others, refTo(3)) }, Accept, ""},
		{"a backup beside an older log", func(s *Situation) {
			s.Pages[0].Note.Restored = true
			log(s, others, refTo(9))
		}, Accept, ""},

		{"no checkpoint, and commits", func(s *Situation) { blank(s, 0); s.HasLog, s.Log.Commits = true, true }, Accept, ""},
		{"empty", func(s *Situation) { blank(s, 0) }, Accept, ""},
		{"pages without a checkpoint", func(s *Situation) { blank(s, 10_000) }, Refuse, "a file of 10000 bytes without a checkpoint"},
		{"pages without a checkpoint, with a log", func(s *Situation) { blank(s, 10_000); s.HasLog = true }, Accept, ""},
		{"half of the first page written", func(s *Situation) {
			blank(s, 8192)
			s.Damaged, s.DamagedMeta = errors.New("bad sum"), 2
		}, Accept, ""},
		{"half of the first page written, and its log in use", func(s *Situation) {
			blank(s, 8192)
			s.Damaged, s.DamagedMeta = errors.New("bad sum"), 2
			s.Pages[1].Note = &format.Note{LogInUse: true}
		}, Refuse, "the only meta page is damaged"},
		{"no valid page, though there is data", func(s *Situation) {
			blank(s, 10_000)
			s.Damaged, s.DamagedMeta, s.HasLog = errors.New("bad sum"), 2, true
		}, Refuse, "the meta pages are damaged, and the log holds no transaction"},

		{"a page with a copy is damaged", func(s *Situation) { damage(s, 1, 7) }, CheckLevels, ""},
		{"a page with a copy is damaged, and the other is sound", func(s *Situation) { damage(s, 1, 7); s.Checked = true }, Accept,
			"meta page 1 was damaged; meta page 2 holds the same checkpoint"},
		{"a page with a copy is damaged, and the other is not sound", func(s *Situation) {
			damage(s, 1, 7)
			s.Checked, s.Problem = true, "page 9 is torn"
		}, Refuse, "the other checkpoint is not sound"},
		{"a newer page is damaged, and the log leads to it", func(s *Situation) {
			damage(s, 2, 8)
			s.HasLog, s.Log.Commits, s.Checked = true, true, true
		}, Accept, "opened from checkpoint 7 on meta page 1 and the log"},
		{"a newer page is damaged, without a log", func(s *Situation) { damage(s, 2, 8) }, Refuse,
			"the log of the session that was writing it is missing"},
		{"a newer page is damaged, with another log", func(s *Situation) {
			damage(s, 2, 8)
			s.HasLog, s.Log.Other = true, true
		}, Refuse, "the log is not that of the session that was writing it"},
		{"a page of C is damaged, without a log", func(s *Situation) { foreign(s); damage(s, 2, 0) }, Refuse,
			"there is no log of a session that was writing it"},
		{"a page of C is damaged, with a log", func(s *Situation) { foreign(s); damage(s, 2, 0); s.HasLog = true }, Refuse,
			"the log does not continue the other one"},
		{"a page of C is damaged, which is allowed", func(s *Situation) {
			foreign(s)
			damage(s, 2, 0)
			s.AllowMissingLog, s.Checked = true, true
		}, Accept, "opened from checkpoint 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := closed()
			c.change(s)
			v := Decide(s)
			if v.Step != c.want {
				t.Fatalf("step %d, want %d: %+v", v.Step, c.want, v)
			}
			switch v.Step {
			case Refuse:
				if v.Err.Path != "/x" || v.Err.Op != "open" || !strings.Contains(v.Err.Detail, c.says) {
					t.Errorf("refused with %v", v.Err)
				}
				if want := errors.Is(v.Err, errs.ErrCorrupt) || errors.Is(v.Err, errs.ErrCantOpen); !want {
					t.Errorf("refused with code %v", v.Err.Code)
				}
			case FindLog:
				if v.LogName != c.says {
					t.Errorf("look for %q, want %q", v.LogName, c.says)
				}
			case Accept:
				if (len(v.Notes) == 0) != (c.says == "") {
					t.Errorf("notes %v, want %q", v.Notes, c.says)
				}
				for _, n := range v.Notes {
					if !strings.Contains(n.Detail, c.says) {
						t.Errorf("note %q, want %q", n.Detail, c.says)
					}
				}
			}
		})
	}
}

func TestIsDatabase(t *testing.T) {
	bad := errors.New("bad sum")
	for _, c := range []struct {
		name  string
		l     checkpoint.Loaded
		bytes int64
		log   bool
		want  bool
	}{
		{"a checkpoint", checkpoint.Loaded{Checkpoint: &format.Checkpoint{}}, 1 << 20, false, true},
		{"blank", checkpoint.Loaded{}, 0, false, true},
		{"damaged", checkpoint.Loaded{Damaged: bad, DamagedMeta: 1}, 1 << 20, false, false},
		{"damaged, with a log", checkpoint.Loaded{Damaged: bad, DamagedMeta: 1}, 1 << 20, true, true},
		{"both damaged, with a log", checkpoint.Loaded{Damaged: bad, DamagedMeta: 2, BothDamaged: true}, 1 << 20, true, false},
		{"just made", checkpoint.Loaded{Damaged: bad, DamagedMeta: 2}, 8192, false, true},
		{"page 1 of a short file", checkpoint.Loaded{Damaged: bad, DamagedMeta: 1}, 8192, false, false},
	} {
		if got := IsDatabase(&c.l, c.bytes, c.log); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestNoteErased(t *testing.T) {
	for _, c := range []struct {
		name     string
		meta     int
		id       base.SnapshotID
		valid    int
		bytes    int64
		ownPages bool
		want     int // the page that is erased, 0 for none
	}{
		{"both pages valid", 1, 7, 2, 1 << 20, true, 0},
		{"page 1 blank", 2, 7, 1, 1 << 20, false, 1},
		{"page 1 blank, empty", 2, base.EmptySnapshotID, 1, 8192, false, 0},
		{"page 1 blank, empty, with pages", 2, base.EmptySnapshotID, 1, 8193, false, 1},
		{"page 2 blank, with pages of C", 1, 7, 1, 1 << 20, false, 0},
		{"page 2 blank, with our pages", 1, 7, 1, 1 << 20, true, 2},
	} {
		l := checkpoint.Loaded{Checkpoint: &format.Checkpoint{ID: c.id}, Meta: c.meta, NumValid: c.valid}
		NoteErased(&l, c.bytes, c.ownPages)
		if l.DamagedMeta != c.want || (l.Damaged != nil) != (c.want != 0) {
			t.Errorf("%s: page %d, %v", c.name, l.DamagedMeta, l.Damaged)
		}
	}
}
