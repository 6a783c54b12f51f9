// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// run reads and writes until the end, and then closes everything.
func (l *loader) run(ctx context.Context, e *env.Env) error {
	reading, stop := context.WithCancel(ctx)
	p := l.pump(reading)
	progress := l.progress(e)
	err := l.writeAll(ctx, p, progress)
	progress.Done()
	stop()
	ended := false
	select {
	case <-p.ended:
		ended = true
	case <-time.After(CloseWait): // it waits for a pipe or a terminal, which ends with the process
	}
	if err != nil {
		err = l.interrupted(err)
	} else {
		err = l.finish()
	}
	if ended { // a note needs the input, to describe it
		err = errors.Join(err, l.src.Close())
	}
	return err
}

// CloseWait is how long the end waits for a read of the input that does not return.
const CloseWait = time.Second

// progress begins to show how far the import is. Set is called with what amount returns.
func (l *loader) progress(e *env.Env) *env.Progress {
	s, ok := l.src.(read.Sized)
	l.bytes = ok && s.Size() > 0
	l.begun = l.done
	if !l.bytes {
		return e.Progress("importing", env.Rows, 0)
	}
	return e.Progress("importing", env.Bytes, s.Size()-l.begun.Offset)
}

// amount is how much of the input was imported in this run.
func (l *loader) amount() int64 {
	if l.bytes {
		return l.done.Offset - l.begun.Offset
	}
	return l.done.Rows - l.begun.Rows
}

// writeAll writes batches until the last one.
func (l *loader) writeAll(ctx context.Context, p *pump, progress *env.Progress) error {
	for {
		var b *row.Batch
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b = <-p.full:
		}
		if b == nil {
			return p.err
		}
		if err := l.take(ctx, b); err != nil {
			return err
		}
		l.done = position{Rows: b.Read, Offset: b.Offset, Sum: b.Sum}
		l.result.Read = b.Read
		progress.Set(l.amount())
		if b.Last {
			return nil
		}
		b.Reset()
		p.free <- b
		if err := l.noteNow(ctx); err != nil {
			return err
		}
	}
}

// take writes a batch.
func (l *loader) take(ctx context.Context, b *row.Batch) error {
	if l.build == nil && l.db == nil {
		if err := l.choose(ctx, b); err != nil {
			return err
		}
	}
	if l.build == nil {
		return l.commit(ctx, b, 0)
	}
	from, err := l.add(b)
	if err != nil || from == b.Len() {
		return err
	}
	if err := l.leaveBuild(ctx); err != nil {
		return err
	}
	return l.commit(ctx, b, from)
}

// choose decides by the first batch how rows are written.
func (l *loader) choose(ctx context.Context, b *row.Batch) error {
	switch {
	case !l.fresh:
		return l.open(ctx, !b.Last)
	case sorted(b):
	case b.Last:
		sortRows(b)
	default:
		return l.open(ctx, true)
	}
	return l.startBuild(ctx)
}

// interrupted ends an import that failed or was stopped: what was written stays, and a note says how
// to go on; if nothing was written nothing is left.
func (l *loader) interrupted(cause error) error {
	rows := l.done.Rows
	if err := l.keep(); err != nil {
		return env.Errorf(env.CodeOf(err), "%w\nIt was to be noted how far the import came, which ended because of this: %v", err, cause)
	}
	if !l.noted {
		return refused(cause)
	}
	advice := fmt.Sprintf("the first %d rows of the input are in %s; to go on after them: %s --resume", rows, l.o.Path, l.o.Command)
	if errors.Is(cause, context.Canceled) {
		return env.Errorf(env.Interrupted, "stopped: %s", advice)
	}
	return env.Errorf(env.CodeOf(refused(cause)), "%w\n%s", cause, advice)
}

// keep makes what was written a database that is closed, with a note.
func (l *loader) keep() error {
	if l.build != nil {
		if l.done.Rows == 0 {
			l.build.Discard()
			return l.removeNote()
		}
		return l.endBuild()
	}
	if l.db == nil {
		return nil
	}
	var err error
	if l.noted {
		if err = l.makeDurable(context.Background()); err == nil {
			err = l.writeNote()
		}
	}
	return errors.Join(err, l.db.Close())
}

// finish makes everything durable, and removes the note. A signal comes too late for it: not much is left
// to do.
func (l *loader) finish() error {
	if l.build != nil {
		err := l.flushHeld()
		if err == nil {
			err = l.build.Finish(context.Background())
		}
		if err != nil {
			l.build.Discard()
			return err
		}
		l.result.Sorted = true
		return l.removeNote()
	}
	err := l.makeDurable(context.Background())
	if err := errors.Join(err, l.db.Close()); err != nil {
		return err
	}
	return l.removeNote()
}
