// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Belongs returns how much there is in an encrypted file, and in its log, of what a checkpoint leads to: pages at both
// ends of its segments that open with their keys and are sound, and the log if a transaction goes on from the
// checkpoint. Damaged pages are passed over, so that 0 says that no page of any segment is there from its first one on:
// the checkpoint may be that of another file. Of the options it uses Data, Log and Codecs.
func Belongs(ctx context.Context, o Options, s *checkpoint.Secret, ck *format.Checkpoint) (n int, err error) {
	in, err := newInput(ctx, o.Data, o.Path, nil)
	if err != nil {
		return 0, err
	}
	in.secret, o.Secret = s, s
	if (&Rescue{o: &o, data: in}).geometry(ck) != nil {
		return 0, nil // with a codec that is not known nothing can be read
	}
	c := &chains{in: in, claimed: make(map[base.BlockNo]bool)}
	for i := range ck.Levels {
		l := &ck.Levels[i]
		for _, seg := range append([]format.Segment{l.LHS}, l.RHS...) {
			n += c.follow(seg, identity{}).sample()
		}
	}
	if in.err != nil {
		return 0, in.err
	}
	if o.Log != nil && goesOn(ctx, o.Log, s, ck) {
		n++
	}
	return n, nil
}

// errGoesOn ends the search in a log.
var errGoesOn = errors.New("a transaction goes on from the checkpoint")

// goesOn reports whether there is a transaction in a log that goes on from a checkpoint. A log that cannot be read has
// none that could be rescued.
func goesOn(ctx context.Context, log vfs.File, s *checkpoint.Secret, ck *format.Checkpoint) bool {
	_, _, err := wal.RecoverSteps(log, ck.Log, s.Keys(), func(format.LogRecord) error { return ctx.Err() },
		func(format.LogPos) error { return errGoesOn })
	return errors.Is(err, errGoesOn)
}

// sample counts the pages that are sound among some at the front of a segment, and some of its last block if none is
// at the front.
func (ch *chain) sample() (n int) {
	buf := make([]byte, ch.sheet.in.geo.PageSize)
	count := func(w walker) {
		for range votePages {
			at, ok := w.next(buf)
			if !ok {
				return
			}
			if at.page != nil {
				n++
			}
		}
	}
	count(walker{s: ch.sheet})
	if last := len(ch.sheet.pieces) - 1; n == 0 && last > 0 {
		count(walker{s: ch.sheet, i: last})
	}
	return n
}

// Tolerant returns a file of which what cannot be read is zero, as a rescue takes it, and a function that makes the
// error for what is not there then: that of the disk, if it could not read something, or else that the file is damaged.
func Tolerant(ctx context.Context, f vfs.File, path string) (_ vfs.File, nothing func(what string) error, err error) {
	in, err := newInput(ctx, f, path, nil)
	if err != nil {
		return nil, nil, err
	}
	return &tolerant{f, in}, in.nothing, nil
}
