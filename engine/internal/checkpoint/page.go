// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Page is what was found on a meta page.
type Page struct {
	Checkpoint *format.Checkpoint // nil if there is no valid one
	Ref        format.CheckpointRef
	Blank      bool         // zeros, except for a note
	Note       *format.Note // nil if there is none
	// Ours says that there is a checkpoint, and that the note belongs to it.
	Ours bool
	raw  []byte
	err  error // why there is no checkpoint
	// sealed is the crypto area, nil if there is none: then the file is in clear, or the page damaged.
	sealed *sealed
	// nonsense says that there is no checkpoint, but the right checksum of one: nothing is torn.
	nonsense bool
}

// Raw returns the bytes of the page.
func (p *Page) Raw() []byte { return p.raw }

func readPage(meta []byte) Page {
	// A note may stand on a page that never had a checkpoint, also half of one.
	p := Page{raw: meta, Blank: format.AllZero(meta[:format.NoteOffset])}
	if n, ok := format.DecodeNote(meta); ok {
		p.Note = &n
	}
	if p.Blank {
		return p
	}
	p.Ref = format.RefOf(meta)
	p.Checkpoint, p.err = format.DecodeCheckpoint(meta)
	p.nonsense = p.Checkpoint == nil && format.Whole(meta)
	if p.Checkpoint != nil && p.Checkpoint.Compression == format.CompressionEncrypted {
		if p.sealed, p.err = readSealed(meta); p.err != nil {
			p.Checkpoint, p.sealed = nil, nil
		}
	}
	p.Ours = p.Checkpoint != nil && p.Note != nil && p.Note.For == p.Ref
	return p
}

// Page returns what was found on the page of the accepted checkpoint, and on the other one.
func (l *Loaded) accepted() (x, other *Page) {
	return &l.Pages[l.Meta-1], &l.Pages[Other(l.Meta)-1]
}

// Conflict reports whether the two pages hold different checkpoints of one number, which
// no crash and no program leaves.
func (l *Loaded) Conflict() bool {
	return l.NumValid == 2 && l.Pages[0].Ref.ID == l.Pages[1].Ref.ID && l.Pages[0].Ref != l.Pages[1].Ref
}

// Notes returns the notes that belong to the accepted checkpoint: two, one or none.
func (l *Loaded) Notes() (notes []*format.Note) {
	for i := range l.Pages {
		if p := &l.Pages[i]; p.Ours && l.Checkpoint != nil && p.Ref == l.Pages[l.Meta-1].Ref {
			notes = append(notes, p.Note)
		}
	}
	return notes
}

// Ours reports whether the accepted checkpoint was written by lsmlite with a note.
func (l *Loaded) Ours() bool { return len(l.Notes()) > 0 }

// Pair reports whether both pages hold the accepted checkpoint as Store leaves it.
func (l *Loaded) Pair() bool {
	n := l.Notes()
	return len(n) == 2 && n[0].Copy != n[1].Copy
}

// DataSynced reports whether both pages hold the accepted checkpoint, and everything that it refers to
// was synced before they were written.
func (l *Loaded) DataSynced() bool {
	n := l.Notes()
	return l.Pair() && n[0].DataSynced && n[1].DataSynced
}

// OnlyEmpty reports whether nothing was ever stored but the checkpoint of an empty database.
func (l *Loaded) OnlyEmpty() bool {
	return l.Damaged == nil && l.Meta == 2 && l.NumValid == 1 && l.Checkpoint.ID == base.EmptySnapshotID
}

// SyncFailed reports whether a note says that a sync has failed.
func (l *Loaded) SyncFailed() bool {
	for _, p := range l.Pages {
		if p.Note != nil && p.Note.SyncFailed {
			return true
		}
	}
	return false
}

// Durable returns the page whose checkpoint is on the disk once the file has been synced. It
// must not be written before the other page is durable, too.
//
// That is the page of the newest checkpoint, unless a sync has failed: then it may be in the
// cache only, and count as clean. What was written before it is durable, because a page is
// written only when the other one is.
//
// Rule SUSPECT_PAGE_FIRST: after a failed sync the page that may be in the cache only is the one that is written
// first.
func (l *Loaded) Durable() int {
	if l.NumValid < 2 {
		return l.Meta
	}
	x, other := l.accepted()
	switch {
	case other.Ref.ID == x.Ref.ID && x.Ours != other.Ours:
		// A loss of power has left the note of one and not that of the other: the page without one was being
		// written over, so the other one was durable. And what stays while it is written over again has a note.
		if other.Ours {
			return Other(l.Meta)
		}
	case other.Ref.ID == x.Ref.ID && (x.Ours && x.Note.Copy || other.Ours && !other.Note.Copy):
		return Other(l.Meta)
	case other.Ref.ID < x.Ref.ID && x.Ours && !x.Note.Copy && l.SyncFailed():
		return Other(l.Meta)
	}
	return l.Meta
}

// OldestID returns the smaller id of the two pages, of those that are valid.
//
// Rule OLDER_PAGE_COUNTS: until a checkpoint of this session is complete, nothing is used again that the older
// page needs.
func (l *Loaded) OldestID() base.SnapshotID {
	id := l.Checkpoint.ID
	for _, p := range l.Pages {
		if p.Checkpoint != nil {
			id = min(id, p.Ref.ID)
		}
	}
	return id
}

// NewestID returns the largest id that a page holds or is known to have held.
func (l *Loaded) NewestID() (id base.SnapshotID) {
	for _, p := range l.Pages {
		if p.Checkpoint != nil {
			id = max(id, p.Ref.ID)
		} else if p.Note != nil {
			id = max(id, p.Note.For.ID)
		}
	}
	return id
}

// Lost says what may have stood on a damaged page, while the other page holds an accepted
// checkpoint.
type Lost uint8

const (
	// LostCopy: the accepted checkpoint itself.
	LostCopy Lost = iota
	// LostBegun: a checkpoint of a session that was cut short. The log of that session
	// leads from the accepted one to the same state and beyond.
	LostBegun
	// LostNothing: the page was about to be overwritten, and says that the accepted checkpoint
	// is everything.
	LostNothing
	// LostUnknown: maybe a newer checkpoint, whose log is gone.
	LostUnknown
)

// Lost says what the damaged page may have held.
func (l *Loaded) Lost() Lost {
	x, d := l.accepted()
	switch {
	case x.Ours && d.Note != nil && d.Note.For == x.Ref && !d.newerThan(x):
		return LostCopy
	case x.Ours && x.Note.Copy && d.Note == nil && l.Meta == 2:
		// The other page was durable before, and the next checkpoint writes this one.
		return LostCopy
	case !x.Ours && d.Note != nil && d.Note.For == x.Ref && !d.Note.LogInUse && !d.newerThan(x):
		return LostNothing
	case x.Ours || d.Note != nil && (d.Note.For.ID > x.Ref.ID || d.Note.For == x.Ref && !d.newerThan(x)):
		return LostBegun
	}
	return LostUnknown
}

const (
	// fewBits is how many bits damage changes at most in a page that is recognized.
	fewBits = 8
	// manyIDs is how much larger the id of a newer checkpoint is at most.
	manyIDs = 1 << 20
	// frontBytes is how much of two pages is compared.
	frontBytes = 512
)

// newerThan reports whether a page that is damaged can be read as a checkpoint that is
// newer than that of x, and not as a damaged copy of it.
func (d *Page) newerThan(x *Page) bool {
	if d.Ref.ID <= x.Ref.ID || d.Ref.ID > x.Ref.ID+manyIDs || !format.SameGeometry(d.raw, x.raw) {
		return false
	}
	differ := 0
	for i, b := range d.raw[:frontBytes] {
		differ += bits.OnesCount8(b ^ x.raw[i])
	}
	return differ > fewBits
}

// Other returns the other meta page, page 1 for 0.
func Other(page int) int { return page%2 + 1 }
