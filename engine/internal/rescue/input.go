// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"context"
	"errors"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// unreadableUnit is how much counts as lost where a read fails: smaller reads would find no more,
// because that is what systems read of a disk.
const unreadableUnit = 4096

// input is a damaged file. What cannot be read is treated as damaged, and never ends the rescue.
type input struct {
	ctx  context.Context
	f    vfs.File
	path string
	size int64

	geo   format.Geometry
	codec compress.Codec // nil for none
	bound int            // the longest body of a page's record, if there are records
	// secret is that of an encrypted file, else nil.
	secret *checkpoint.Secret
	// window is how much each reader of the file reads at once.
	window int

	bad        map[int64]bool // units, by number, that could not be read once: they are not tried again
	unreadable int64          // bytes that could not be read, counted as often as that was tried
	failed     error          // the first error of that
	err        error          // of the context
	read       func(n int)
}

// newInput makes the input of a file of that path.
func newInput(ctx context.Context, f vfs.File, path string, read func(n int)) (*input, error) {
	size, err := f.Size()
	if err != nil {
		return nil, ioerr.New("read the size of", path, "", err)
	}
	return &input{ctx: ctx, f: f, path: path, size: size, read: read, window: windowBytes, bad: make(map[int64]bool)}, nil
}

// packed reports whether the file is compressed: then pages are records of different lengths, and links are not in
// pages.
func (in *input) packed() bool { return in.geo.Compressed }

// decode reads the checkpoint on a meta page.
func (in *input) decode(meta []byte) (*format.Checkpoint, error) { return in.secret.Decode(meta) }

// blocks returns how many blocks the file has, a part of one at its end included.
func (in *input) blocks() base.BlockNo {
	n := (in.size + int64(in.geo.BlockSize) - 1) / int64(in.geo.BlockSize)
	return base.BlockNo(min(max(n, 1), format.MaxBlocks))
}

// readAt fills b from offset off and reports how much of it there is: from the first byte that is
// missing on, b is zero. A part that cannot be read ends it, too.
func (in *input) readAt(b []byte, off int64) int {
	if in.err == nil {
		in.err = in.ctx.Err()
	}
	if in.err != nil || off < 0 || off >= in.size {
		clear(b)
		return 0
	}
	if left := in.size - off; int64(len(b)) > left {
		clear(b[left:])
		b = b[:left]
	}
	if in.firstBad(off, len(b)) >= 0 {
		n := in.readSlowly(b, off)
		clear(b[n:])
		return n
	}
	n, err := in.f.ReadAt(b, off)
	if in.read != nil {
		in.read(n)
	}
	if n < len(b) && !ended(err) {
		n = in.readSlowly(b, off)
	}
	clear(b[n:])
	return n
}

// firstBad returns the first unit of a part of the file that could not be read once, -1 if there is none.
func (in *input) firstBad(off int64, n int) int64 {
	if len(in.bad) > 0 {
		for unit := off / unreadableUnit; unit*unreadableUnit < off+int64(n); unit++ {
			if in.bad[unit] {
				return unit
			}
		}
	}
	return -1
}

// readSlowly reads in small units up to the first that cannot be read.
func (in *input) readSlowly(b []byte, off int64) (n int) {
	for n < len(b) {
		at := off + int64(n)
		unit := b[n:min(len(b), n+unreadableUnit-int(at%unreadableUnit))]
		if in.bad[at/unreadableUnit] {
			in.unreadable += int64(len(unit))
			return n
		}
		k, err := in.f.ReadAt(unit, at)
		if k < len(unit) {
			if !ended(err) {
				in.unreadable += int64(len(unit))
				in.bad[at/unreadableUnit] = true
				if in.failed == nil {
					in.failed = ioerr.New("read", in.path, "", err)
				}
			}
			return n
		}
		n += k
	}
	return n
}

// nothing returns the error of a file in which there is nothing that a rescue needs: that of the disk, if it could not
// read all of it, so that the file may be whole, or else that it is damaged.
func (in *input) nothing(what string) error {
	if in.failed != nil {
		return ioerr.New("recover", in.path, what, in.failed)
	}
	return errs.Corruptf("%s", what)
}

func ended(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// link reads the link of a block to the next one or the one before, 0 if it cannot be read. It may name a block
// that the file does not have.
func (in *input) link(b base.BlockNo, next bool) base.BlockNo {
	var raw [format.LinkSize]byte
	if in.readAt(raw[:], in.geo.LinkOffset(b, next)) < len(raw) {
		return 0
	}
	return format.BlockLink(raw[:])
}

// tolerant is a log of which what cannot be read is zero: that ends a log, as damage does.
type tolerant struct {
	vfs.File
	in *input
}

func (t *tolerant) Size() (int64, error) { return t.in.size, nil }

func (t *tolerant) ReadAt(b []byte, off int64) (int, error) {
	if off >= t.in.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), t.in.size-off))
	for at := 0; at < n && t.in.err == nil; {
		at += max(t.in.readAt(b[at:n], off+int64(at)), 0)
		if at < n { // passes over what cannot be read
			skip := unreadableUnit - int((off+int64(at))%unreadableUnit)
			clear(b[at:min(n, at+skip)])
			at = min(n, at+skip)
		}
	}
	if t.in.err != nil {
		return 0, t.in.err
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
