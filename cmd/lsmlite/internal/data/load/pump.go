// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// Batches is how many batches there are: one that is read into, one that is written, and one between.
const Batches = 3

// pump is the goroutine that reads the input.
type pump struct {
	l    *loader
	full chan *row.Batch // closed after the last one
	free chan *row.Batch
	err  error // why there is no last batch; valid once full is closed
	// ended is closed when the goroutine has ended.
	ended chan struct{}
}

// pump begins to read.
func (l *loader) pump(ctx context.Context) *pump {
	p := &pump{l: l, full: make(chan *row.Batch, Batches), free: make(chan *row.Batch, Batches), ended: make(chan struct{})}
	for range Batches {
		p.free <- new(row.Batch)
	}
	go func() {
		defer close(p.ended)
		p.err = p.read(ctx)
		close(p.full)
	}()
	return p
}

// refusedError is an error in the input.
type refusedError struct{ error }

func (r refusedError) Unwrap() error { return r.error }

// refused gives errors in the input their exit code.
func refused(err error) error {
	if _, ok := errors.AsType[refusedError](err); ok && env.CodeOf(err) == env.IO {
		return env.Errorf(env.Refused, "%w", err)
	}
	return err
}

// read fills batches until the end of the input, an error in it, or the end of ctx. Rows before an error are
// written, too, except in the first batch: an import that ends so soon leaves everything as it was.
func (p *pump) read(ctx context.Context) error {
	at := p.l.done
	if p.l.sum {
		if err := p.skip(ctx, at); err != nil {
			return err
		}
	}
	for first := true; ; first = false {
		var b *row.Batch
		select {
		case b = <-p.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := p.fill(ctx, b, &at)
		last := errors.Is(err, io.EOF)
		b.Read, b.Offset, b.Sum, b.Last = at.Rows, at.Offset, at.Sum, last
		if last || b.Len() > 0 && (err == nil || !first) {
			p.full <- b // from now on it is the writer's
		}
		switch {
		case last:
			return nil
		case err != nil && ctx.Err() != nil:
			return ctx.Err() // what reading says when it is interrupted does not matter
		case err != nil:
			return err
		}
	}
}

// ctxRows is how many rows are read between two looks at the context.
const ctxRows = 1 << 12

// fill reads rows until a batch is full. It returns io.EOF at the end of the input.
func (p *pump) fill(ctx context.Context, b *row.Batch, at *position) error {
	o := &p.l.o
	var key []byte
	for n := 1; !b.Full(); n++ {
		if n%ctxRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r, err := p.next(at)
		if err != nil {
			return err
		}
		if !o.Keep.Has(r.Key) {
			continue
		}
		k := r.Key[len(o.Strip):]
		if len(o.Add) > 0 {
			key = append(append(key[:0], o.Add...), k...)
			k = key
		}
		b.Add(k, r.Value)
	}
	return nil
}

// next reads a row.
func (p *pump) next(at *position) (row.Row, error) {
	r, err := p.l.src.Next()
	at.Offset = p.l.src.Offset()
	if errors.Is(err, io.EOF) {
		return r, io.EOF
	}
	if err != nil {
		return r, refusedError{err}
	}
	at.Rows++
	if p.l.sum {
		at.Sum = sumRow(at.Sum, r)
	}
	return r, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumRow continues the checksum of rows. The value goes first, so that bytes do not move unseen from
// the key to the value.
func sumRow(sum uint32, r row.Row) uint32 {
	return crc32.Update(crc32.Update(sum, castagnoli, r.Value)+1, castagnoli, r.Key)
}

// skip passes over the rows before a position, which must be those that were read then.
func (p *pump) skip(ctx context.Context, to position) error {
	var at position
	for at.Rows < to.Rows {
		if at.Rows%ctxRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		_, err := p.next(&at)
		if errors.Is(err, io.EOF) {
			return refusedError{fmt.Errorf("the input has only %d rows, of which %d had been imported; --restart begins again", at.Rows, to.Rows)}
		}
		if err != nil {
			return err
		}
	}
	if at.Sum != to.Sum {
		return refusedError{fmt.Errorf("the first %d rows of the input are not those that had been imported; --restart begins again", to.Rows)}
	}
	return nil
}
