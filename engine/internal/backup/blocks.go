// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"errors"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Checkpoint is a checkpoint none of whose blocks are written over.
type Checkpoint struct {
	*format.Checkpoint
	AllFree []format.FreeEntry // the free blocks, those that the segments record included
	File    vfs.File           // the database file
}

// copyRun is how much is copied at once.
const copyRun = 1 << 20

// blocks copies the file as a checkpoint describes it. Free blocks are left out: what they
// hold has no meaning, and others may be writing there.
func (c *Copy) blocks(k Checkpoint, f vfs.File) error {
	length, err := k.File.Size()
	if err != nil {
		return ioerr.New("stat", c.o.Source, "", err)
	}
	size := int64(k.BlockSize)
	used := k.used((length + size - 1) / size)
	c.progress.Bytes = 2 * format.MetaPageSize
	c.progress.Total = c.progress.Bytes + int64(len(used))*size
	meta := *k.Checkpoint
	store := storeBoth
	if len(meta.Levels) == 0 {
		store = storeEmpty
	}
	if err := store(f, c.o.Secret, &meta); err != nil {
		return err
	}
	buf := make([]byte, min(copyRun, size))
	for _, n := range used {
		end := int64(n) * size
		if err := c.copyRange(f, k.File, max(end-size, 2*format.MetaPageSize), end, buf); err != nil {
			return err
		}
	}
	return nil
}

// used returns the blocks that hold something, ascending, of those that the file reaches: a checkpoint may say
// that there are any number.
func (k *Checkpoint) used(reached int64) (blocks []base.BlockNo) {
	if len(k.Levels) == 0 {
		return nil
	}
	free := make(map[base.BlockNo]bool, len(k.AllFree))
	for _, e := range k.AllFree {
		free[e.Block] = true
	}
	for n := base.BlockNo(1); int64(n) <= min(int64(k.Blocks), reached); n++ {
		if !free[n] {
			blocks = append(blocks, n)
		}
	}
	return blocks
}

// copyRange copies the bytes from at up to end, as far as the file reaches: the last block in use
// may be cut short.
func (c *Copy) copyRange(to, from vfs.File, at, end int64, buf []byte) error {
	for at < end {
		run := buf[:min(int64(len(buf)), end-at)]
		got, err := from.ReadAt(run, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return ioerr.New("read", c.o.Source, "", err)
		}
		if got == 0 {
			return nil
		}
		if _, err := to.WriteAt(run[:got], at); err != nil {
			return err
		}
		at += int64(got)
		c.progress.Bytes += int64(got)
		if err := c.report(false); err != nil {
			return err
		}
	}
	return nil
}
