// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// LSM1Info is what Identify has found out about a database of lsm1's format, as of the newest
// checkpoint in it.
type LSM1Info struct {
	// Notes says that lsmlite wrote the newest checkpoint: it alone puts notes next to checkpoints.
	// Sealed is how many segments lsmlite wrote: it alone gives pages sums. Without either the
	// file is C lsm1's, or that of a program that uses it.
	Notes  bool
	Sealed int

	PageSize, BlockSize int
	Blocks              int64  // highest number of a block
	CompressionID       uint32 // lsm1's number: 0 as long as nothing is stored, 1 for none, or a codec's
	Compression         string // name of the codec, or "codec 123" if it is none of lsmlite's
	// Cipher is that of an encrypted file, else empty. CompressionID is 11100 then, and Compression what is inside.
	Cipher string
	// Encryption is what such a file says of its keys, which only one of them can prove; nil for another file.
	Encryption *Encryption

	Checkpoint       int64 // id of the newest checkpoint, 0 if there is none that can be read
	Meta             [2]MetaPageInfo
	Levels, Segments int
	Merging          bool // a merge is half done

	LogPath  string // of the file that has the name of the log, empty if there is none
	LogBytes int64  // its length
	// LogCommits says that the log holds transactions that the checkpoint does not. LogMissing says
	// that there should be such transactions, and that they are not in a file with the name of the log.
	LogCommits, LogMissing bool
	// Closed says that the database was closed, or has made a checkpoint of everything: the file
	// holds all that was committed, as far as can be seen. It may still be open in a program.
	Closed bool
	// Damage says what is wrong with a meta page, empty if nothing is.
	Damage string
}

// MetaPageInfo is what is on one of the two meta pages.
type MetaPageInfo struct {
	Checkpoint int64 // id of the checkpoint, 0 if there is none that can be read
	Blank      bool  // nothing was ever written there
	Note       bool  // there is a note that belongs to this checkpoint
}

// database fills in what the meta pages and the log of a database say.
func (i *FileInfo) database(l *checkpoint.Loaded, log vfs.File) (err error) {
	i.Kind, i.What = KindLSM1, "an lsm1 database"
	d := &LSM1Info{Notes: l.Ours()}
	i.LSM1 = d
	if l.Damaged != nil {
		d.Damage = l.Damaged.Error()
	}
	if l.BothDamaged {
		d.Damage = "both meta pages are damaged"
	}
	for n := range l.Pages {
		p := &l.Pages[n]
		d.Meta[n] = MetaPageInfo{Blank: p.Blank, Note: p.Ours}
		if p.Checkpoint != nil {
			d.Meta[n].Checkpoint = int64(p.Checkpoint.ID)
		}
	}
	lost := l.KeysLost()
	from := format.LogPos{Sum: format.EmptyLogSum}
	if c := l.Checkpoint; c != nil {
		suite, codec := l.Cipher()
		if suite == 0 {
			codec = c.Compression
		} else {
			d.Cipher = suite.String()
			d.Encryption = encryptionOf(l)
		}
		d.checkpoint(c, codec)
		from = c.Log
	}
	if log != nil {
		d.LogPath = i.Path + files.LogSuffix
		p, err := wal.Peek(log, from)
		if err != nil {
			return err
		}
		d.LogBytes, d.LogCommits = p.Size, p.Commits
		lost = lost || l.Checkpoint == nil && p.Sealed
	}
	claimed := false
	for _, n := range l.Notes() { // of two pages with one checkpoint, the copy's counts
		claimed = claimed || n.LogInUse && (n.Copy || !l.Pair())
	}
	d.LogMissing = claimed && !d.LogCommits
	d.Closed = !l.BothDamaged && !d.LogCommits && !d.LogMissing
	if d.Cipher != "" || lost {
		i.What = "an encrypted lsm1 database"
	}
	i.What += d.by()
	return nil
}

// by says who wrote the database, and in which state it is.
func (d *LSM1Info) by() string {
	switch {
	case d.Checkpoint == 0 && d.Damage != "":
		return ", whose meta pages are damaged"
	case d.Checkpoint == 0:
		return ", of which only the log holds anything"
	case d.Notes:
		return ", written by lsmlite"
	case d.Sealed > 0:
		return ", written by lsmlite and by C lsm1 after that"
	}
	return ", written by C lsm1"
}

// checkpoint fills in what a checkpoint says, and the name of a codec.
func (d *LSM1Info) checkpoint(c *format.Checkpoint, codec uint32) {
	d.PageSize, d.BlockSize, d.Blocks = int(c.PageSize), int(c.BlockSize), int64(c.Blocks)
	d.CompressionID, d.Compression = c.Compression, compress.None
	if codec >= format.FirstCodec {
		d.Compression = compress.Describe(codec, nil)
		if codec, ok := compress.ByID(codec, nil); ok {
			d.Compression = codec.Name()
		}
	}
	d.Checkpoint, d.Levels = int64(c.ID), len(c.Levels)
	for n := range c.Levels {
		level := &c.Levels[n]
		d.Segments += 1 + len(level.RHS)
		d.Merging = d.Merging || len(level.RHS) > 0
		if level.Seal() != 0 {
			d.Sealed++
		}
	}
}
