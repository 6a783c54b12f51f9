// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// storeMeta writes the meta pages of the copy: both say the same, so that damage to one
// does not lose the database. A copy without rows gets that of a new database.
func (c *copyFile) storeMeta(f vfs.File, o *Options) error {
	geo := c.Geometry()
	ck := &format.Checkpoint{
		ID: base.EmptySnapshotID + 1, Compression: o.CodecID,
		PageSize: uint32(geo.PageSize), BlockSize: uint32(geo.BlockSize),
		Blocks: uint32(c.numBlocks), Written: c.Written(),
		Levels: []format.Level{{Age: copyAge, LHS: c.seg}},
		Append: [4]base.PageNo{c.point},
		Log:    format.LogPos{Commits: c.commits},
	}
	ck.Levels[0].SetSeal(c.seal)
	if !c.wrote {
		return storeEmpty(f, o.Secret, ck)
	}
	return storeBoth(f, o.Secret, ck)
}

// storeEmpty writes the meta pages of a new database, of which only the second is used, unless it is encrypted.
func storeEmpty(f vfs.File, secret *checkpoint.Secret, ck *format.Checkpoint) error {
	empty := format.Checkpoint{ID: base.EmptySnapshotID, PageSize: ck.PageSize, BlockSize: ck.BlockSize}
	if secret != nil {
		empty.ID--         // which storeBoth adds
		empty.Log = ck.Log // with the number of commits
		return storeBoth(f, secret, &empty)
	}
	empty.Log = newLog(nil, ck.Log)
	var page [format.MetaPageSize]byte
	if err := fillMeta(page[:], nil, &empty, false); err != nil {
		return err
	}
	_, err := f.WriteAt(page[:], format.MetaPageSize)
	return err
}

// newLog returns where the log of a copy begins. Its checksum begins with numbers that no
// other log begins with, so that an old log next to a copy does not look like the copy's own:
// what it holds is of another state. If the copy is encrypted, so does its chain, and it has had as many commits as
// the database.
func newLog(secret *checkpoint.Secret, was format.LogPos) format.LogPos {
	pos := format.LogPos{Sum: format.Checksum{S0: uint32(sched.Uint64()), S1: uint32(sched.Uint64())}}
	if secret != nil {
		pos.Chain, pos.Commits = crypt.NewChain(), was.Commits
	}
	return pos
}

// storeBoth writes a checkpoint to both meta pages.
func storeBoth(f vfs.File, secret *checkpoint.Secret, ck *format.Checkpoint) error {
	ck.Log = newLog(secret, ck.Log)
	ck.ID++
	var pages [2 * format.MetaPageSize]byte
	for i := range 2 {
		if err := fillMeta(pages[i*format.MetaPageSize:], secret, ck, i == 1); err != nil {
			return err
		}
	}
	_, err := f.WriteAt(pages[:], 0)
	return err
}

// fillMeta puts a checkpoint and its note on a meta page of a copy.
func fillMeta(page []byte, secret *checkpoint.Secret, ck *format.Checkpoint, second bool) error {
	blob, err := secret.Encode(ck)
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
