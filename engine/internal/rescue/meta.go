// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// metas is what is left of the two meta pages.
type metas struct {
	pages [2][]byte
	valid [2]*format.Checkpoint
	blank [2]bool
	// repaired says that a bit of a page was wrong, and is known.
	repaired [2]bool
	// chosen is what counts, nil if nothing does.
	chosen   *format.Checkpoint
	mended   bool // chosen was put together
	older    bool // there may have been a newer checkpoint
	suspect  bool // there was probably one, although nothing is damaged
	problems []string
}

// readMetas reads the meta pages and chooses the newest checkpoint that is good or can be mended. The page strange, 0
// for none, does not count.
func readMetas(in *input, strange int) *metas {
	m := &metas{}
	for i := range m.pages {
		m.pages[i] = make([]byte, format.MetaSize)
		in.readAt(m.pages[i], int64(i)*format.MetaPageSize)
		m.blank[i] = oneBit(m.pages[i][:format.NoteOffset])
		if i+1 == strange {
			m.problems = append(m.problems, fmt.Sprintf("meta page %d is whole, but leads to nothing that is in the file: it may be that of a copy", i+1))
			continue
		}
		var err error
		if m.valid[i], err = in.decode(m.pages[i]); err != nil && !m.blank[i] {
			m.problems = append(m.problems, fmt.Sprintf("meta page %d is damaged: %v", i+1, err))
		}
		if m.valid[i] != nil && (m.chosen == nil || m.valid[i].ID > m.chosen.ID) {
			m.chosen = m.valid[i]
		}
	}
	if a, b := m.valid[0], m.valid[1]; a != nil && b != nil && a.ID == b.ID && format.RefOf(m.pages[0]) != format.RefOf(m.pages[1]) {
		m.problems = append(m.problems, fmt.Sprintf("the meta pages hold different checkpoints with the number %d; the first one was used", a.ID))
	}
	for i := range m.pages {
		if m.valid[i] == nil && !m.blank[i] && i+1 != strange {
			c := mendBit(in, m.pages[i])
			m.repaired[i] = c != nil
			m.consider(c)
		}
	}
	if m.chosen == nil {
		m.consider(mendSectors(in, m.pages[0], m.pages[1]))
	}
	m.older = m.lostNewer(in.size)
	if m.blank[1] && m.valid[0] != nil && !m.leadsOn(0) {
		m.problems = append(m.problems, "meta page 2 is blank: if it was ever written, there may have been a newer checkpoint")
		m.suspect = !m.older && pagesAfter(in, m.valid[0])
	}
	return m
}

// oneBit reports whether all bits are zero, except one at most: then there was never anything.
func oneBit(b []byte) bool {
	n := 0
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return n <= 1
}

// consider takes a checkpoint that was mended if it is newer than what there is.
func (m *metas) consider(c *format.Checkpoint) {
	if c != nil && (m.chosen == nil || c.ID > m.chosen.ID) {
		m.chosen, m.mended = c, true
	}
}

// lostNewer reports whether a damaged meta page of a file of that size may have held a newer checkpoint than the chosen
// one.
func (m *metas) lostNewer(size int64) bool {
	if m.chosen == nil {
		return false
	}
	for i := range m.pages {
		switch note, ok := format.DecodeNote(m.pages[i]); {
		case m.valid[i] != nil, m.repaired[i], ok && note.For.ID <= m.chosen.ID, m.valid[1-i] == m.chosen && m.leadsOn(1-i):
		case m.blank[i] && (i == 1 || m.chosen.ID <= base.EmptySnapshotID+1 && size <= 2*format.MetaPageSize):
			// as if it was never written
		case !m.blank[i] && olderID(m.pages[i], m.chosen.ID):
		default:
			return true
		}
	}
	return false
}

// olderID reports whether a damaged meta page names a checkpoint older than the given one.
func olderID(page []byte, than base.SnapshotID) bool {
	id := format.RefOf(page).ID
	return id >= base.EmptySnapshotID && id < than
}

// leadsOn reports whether the checkpoint of a meta page was written by lsmlite: then it leads, with the log, to
// everything, whatever the other page held.
func (m *metas) leadsOn(i int) bool {
	note, ok := format.DecodeNote(m.pages[i])
	return ok && note.For == format.RefOf(m.pages[i])
}

// mendBit returns the checkpoint of a meta page in which one bit is wrong, nil if there is none. The checksum finds
// every single bit, but the highest bits of several words change it in the same way. Of these the one is believed that
// the pages agree with, and then the likeliest.
func mendBit(in *input, page []byte) (best *format.Checkpoint) {
	trial := slices.Clone(page)
	words := len(trial) / 4
	if n := wordCount(trial); n >= 0 {
		words = n
	}
	most := -1
	for bit := range 32 * words {
		trial[bit/8] ^= 1 << (bit % 8)
		if c, err := in.decode(trial); err == nil {
			if n := 4*confirmed(in, c) + likelihood(trial, bit); n > most {
				best, most = c, n
			}
		}
		trial[bit/8] ^= 1 << (bit % 8)
	}
	return best
}

// likelihood says how likely it is that a bit was damaged, which is now as it should have been: most numbers are small,
// so that their high bits are zero, except those of checksums.
func likelihood(page []byte, bit int) int {
	switch word := bit / 32; {
	case page[bit/8]>>(bit%8)&1 == 0:
		return 2
	case word == 11 || word == 12 || word >= wordCount(page)-2:
		return 1
	}
	return 0
}

// confirmed counts the ends of segments at which there is a page that a checkpoint can mean.
func confirmed(in *input, c *format.Checkpoint) (n int) {
	g, err := c.Geometry()
	if err != nil || c.Compression >= format.FirstCodec {
		return 0
	}
	raw := make([]byte, g.PageSize)
	for i := range c.Levels {
		l := &c.Levels[i]
		id := identity{}
		if seal := l.Seal(); seal != 0 {
			id.sums, id.seal = sealSums, seal
		}
		for _, p := range []base.PageNo{l.LHS.First, l.LHS.Last} {
			if in.readAt(raw, g.Offset(p)) == len(raw) && id.fits(g, p, raw) && format.ValidatePage(g.Content(p, raw)) == nil {
				n++
			}
		}
	}
	return n
}

// wordCount returns the number of words that a meta page claims, -1 if that is not possible.
func wordCount(page []byte) int {
	n := int(page[8])<<24 | int(page[9])<<16 | int(page[10])<<8 | int(page[11])
	if n < 25 || n > format.MetaSize/4 {
		return -1
	}
	return n
}

// metaSector is the unit in which a meta page is put together.
const metaSector = 512

// mendSectors returns the checkpoint that sectors of both meta pages together make: lsmlite writes the same one to
// both, so each sector that is left of one of them is enough.
func mendSectors(in *input, a, b []byte) *format.Checkpoint {
	const sectors = format.NoteOffset / metaSector
	trial := make([]byte, len(a))
	for mask := 1; mask < 1<<sectors-1; mask++ {
		copy(trial, a)
		for s := range sectors {
			if mask>>s&1 != 0 {
				copy(trial[s*metaSector:(s+1)*metaSector], b[s*metaSector:])
			}
		}
		if c, err := in.decode(trial); err == nil {
			return c
		}
	}
	return nil
}

// unsummed returns what a damaged meta page says, if that is possible at all and newer than what was chosen.
func (m *metas) unsummed() (list []*format.Checkpoint) {
	for i := range m.pages {
		if m.valid[i] != nil || m.blank[i] {
			continue
		}
		c, err := format.DecodeUnsummed(m.pages[i])
		if err == nil && (m.chosen == nil || c.ID > m.chosen.ID && c.PageSize == m.chosen.PageSize && c.BlockSize == m.chosen.BlockSize) {
			list = append(list, c)
		}
	}
	return list
}

// logInUse reports whether the note of the chosen checkpoint says that the log has transactions that it does not have.
func (m *metas) logInUse() bool {
	note, _ := m.note()
	return note.LogInUse
}

// note returns the note of the chosen checkpoint. Of two pages with one checkpoint, the note of the copy counts.
func (m *metas) note() (note format.Note, ok bool) {
	for i := range m.pages {
		n, has := format.DecodeNote(m.pages[i])
		if has && m.valid[i] != nil && m.valid[i].ID == m.chosen.ID && n.For == format.RefOf(m.pages[i]) && (!ok || n.Copy) {
			note, ok = n, true
		}
	}
	return note, ok
}

// owns reports whether a log belongs to the chosen checkpoint although none of its transactions continues it: then
// those that did are damaged.
func (m *metas) owns(l *logReader) bool {
	if m.logIdle() {
		return false
	}
	if head := l.head(); head != nil {
		for i := range m.pages {
			if n, ok := format.DecodeNote(m.pages[i]); ok && (n.Mark == head.Mark || head.Base == n.For) {
				return true
			}
		}
		return false
	}
	return m.logInUse() || l.passes(m.chosen.Log)
}

// logIdle reports whether both meta pages are there and prove that nothing was committed after the chosen checkpoint.
func (m *metas) logIdle() bool {
	note, ok := m.note()
	return ok && note.Copy && !note.LogInUse
}

// begins reports whether a log was begun after the chosen checkpoint.
func (m *metas) begins(l *logReader) bool {
	note, ok := m.note()
	head := l.head()
	return ok && head != nil && head.Base == note.For
}

// logStarts returns where the log may have to be read from if no checkpoint is good.
func (m *metas) logStarts() (list []format.LogPos) {
	if m.chosen != nil {
		list = append(list, m.chosen.Log)
	}
	for i := range m.pages {
		if n, ok := format.DecodeNote(m.pages[i]); ok {
			list = append(list, n.Log)
		}
	}
	for _, c := range m.unsummed() {
		list = append(list, c.Log)
	}
	return append(list, format.LogPos{Sum: format.EmptyLogSum})
}
