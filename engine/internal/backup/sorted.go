// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Rows are rows in ascending order of their keys, from any source.
type Rows interface {
	// Next moves to the next row. It reports false at the end, or where there is an error.
	Next() bool
	Err() error
	// Key and Value are those of the current row: the value's ValueLen bytes are handed to add in parts.
	Key() []byte
	ValueLen() int
	Value(add func(part []byte) error) error
}

// SortedToFile writes rows into a new file, as RowsToFile does those of a state. Rows know how far they have come:
// Options.Progress is not called.
func (c *Copy) SortedToFile(rows Rows, seal format.Seal, to Target) error {
	c.o.Progress = nil
	return c.toFile(to, func(f vfs.File) error { return c.sorted(rows, seal, f) })
}

func (c *Copy) sorted(rows Rows, seal format.Seal, f vfs.File) error {
	out := &copyFile{File: c.o.file(f, c.o.Source), seal: seal}
	w := segment.NewWriter(out.File, out, 0)
	w.SetSeal(seal)
	for rows.Next() {
		if err := w.AddParts(rows.Key(), rows.ValueLen(), rows.Value); err != nil {
			return err
		}
	}
	err := rows.Err()
	if err != nil {
		return err
	}
	if out.seg, out.wrote, err = w.Finish(); err != nil {
		return err
	}
	out.point = w.AppendPoint()
	c.progress.Bytes = w.Bytes() + 2*format.MetaPageSize
	return out.storeMeta(f, &c.o)
}
