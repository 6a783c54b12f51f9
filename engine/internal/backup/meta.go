// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// storeMeta writes the meta pages of the copy: both say the same, so that damage to one
// does not lose the database. A copy without rows gets that of a new database.
func (c *copyFile) storeMeta(f vfs.File, codecID uint32) error {
	geo := c.Geometry()
	ck := &format.Checkpoint{
		ID: base.EmptySnapshotID + 1, Compression: codecID,
		PageSize: uint32(geo.PageSize), BlockSize: uint32(geo.BlockSize),
		Blocks: uint32(c.numBlocks), Written: c.Written(),
		Levels: []format.Level{{Age: copyAge, LHS: c.seg}},
		Append: [4]base.PageNo{c.point},
	}
	ck.Levels[0].SetSeal(c.seal)
	if !c.wrote {
		return storeEmpty(f, ck)
	}
	return storeBoth(f, ck)
}

// storeEmpty writes the meta pages of a new database, of which only the second is used.
func storeEmpty(f vfs.File, ck *format.Checkpoint) error {
	empty := format.Checkpoint{ID: base.EmptySnapshotID, Log: newLog(), PageSize: ck.PageSize, BlockSize: ck.BlockSize}
	var page [format.MetaPageSize]byte
	if err := fillMeta(page[:], &empty, false); err != nil {
		return err
	}
	_, err := f.WriteAt(page[:], format.MetaPageSize)
	return err
}

// newLog returns where the log of a copy begins. Its checksum begins with numbers that no
// other log begins with, so that an old log next to a copy does not look like the copy's own:
// what it holds is of another state.
func newLog() format.LogPos {
	return format.LogPos{Sum: format.Checksum{S0: rand.Uint32(), S1: rand.Uint32()}}
}

// storeBoth writes a checkpoint to both meta pages.
func storeBoth(f vfs.File, ck *format.Checkpoint) error {
	ck.Log = newLog()
	ck.ID++
	var pages [2 * format.MetaPageSize]byte
	for i := range 2 {
		if err := fillMeta(pages[i*format.MetaPageSize:], ck, i == 1); err != nil {
			return err
		}
	}
	_, err := f.WriteAt(pages[:], 0)
	return err
}

// fillMeta puts a checkpoint and its note on a meta page of a copy.
func fillMeta(page []byte, ck *format.Checkpoint, second bool) error {
	blob, err := ck.Encode()
	if err != nil {
		return err
	}
	if len(blob) <= format.NoteOffset {
		note := format.Note{Copy: second, Restored: true, For: format.RefOf(blob), Log: ck.Log}
		copy(page[format.NoteOffset:], note.Encode())
	}
	copy(page, blob)
	return nil
}
