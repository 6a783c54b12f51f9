// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// fetches is how many objects are read ahead at the same time: that, times their length, is what reading has in
// memory.
const fetches = 4

// ahead calls f for each item, some at the same time, and yields the results in the order of the items.
func ahead[T, R any](ctx context.Context, items iter.Seq2[T, error], f func(context.Context, T) (R, error)) iter.Seq2[R, error] {
	type result struct {
		r   R
		err error
	}
	return func(yield func(R, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		queue := make(chan chan result, fetches-2) // one more is being taken from it, and one waits to get into it
		defer func() {
			cancel()
			for range queue {
			}
			wg.Wait()
		}()
		wg.Go(func() {
			defer close(queue)
			for item, err := range items {
				one := make(chan result, 1)
				select {
				case queue <- one:
				case <-ctx.Done():
					return
				}
				if err != nil {
					one <- result{err: err}
					return
				}
				wg.Go(func() {
					r, err := f(ctx, item)
					one <- result{r: r, err: err}
				})
			}
		})
		for one := range queue {
			res := <-one
			if !yield(res.r, res.err) || res.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none R
			yield(none, err)
		}
	}
}

// rows yields the rows of a complete snapshot. They count only if it ends without an error: the last step compares the
// digest of all rows.
func (c *complete) rows(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		sum := sha256.New()
		parts := func(yield func(int, error) bool) {
			for n := range c.Parts {
				if !yield(n, nil) {
					return
				}
			}
		}
		next, stop := iter.Pull2(ahead(ctx, parts, c.part))
		defer stop()
		r := object.NewRowReader(&pulled{next: next, sum: sum})
		for n := uint64(0); ; n++ {
			key, value, err := r.Next()
			switch {
			case errors.Is(err, io.EOF) && n == c.Rows && object.Digest(sum.Sum(nil)) == c.Sum:
				return
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("its rows are not those of the index: %w", ErrDamaged)
			}
			if err != nil {
				yield(row{}, c.g.h.broken(c.info.id.Prefix(), err))
				return
			}
			if !yield(row{key: key, value: value}, nil) {
				return
			}
		}
	}
}

// part returns what is in a part of a snapshot.
func (c *complete) part(ctx context.Context, n int) ([]byte, error) {
	name := c.info.id.Part(n)
	data, err := c.g.h.t.Get(ctx, name)
	if err == nil && sha256.Sum256(data) != c.Parts[n].Digest {
		err = fmt.Errorf("it is not what the index lists: %w", ErrDamaged)
	}
	if err != nil {
		return nil, c.g.h.broken(name, err)
	}
	raw, err := object.Decode(object.KindPart, name, data, c.g.sealer)
	if err != nil {
		return nil, c.g.h.broken(name, err)
	}
	return raw, nil
}

// pulled reads byte slices after each other.
type pulled struct {
	next func() ([]byte, error, bool)
	sum  io.Writer
	rest []byte
}

func (p *pulled) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		data, err, ok := p.next()
		if !ok {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		p.sum.Write(data)
		p.rest = data
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// link is a log object in its chain: all transactions that became complete with it.
type link struct {
	*object.Log
	digest object.Digest
	name   string
	data   [][]byte // of all its parts, if it ends a transaction that was cut
}

// ops reads its transactions.
func (l *link) ops() *object.OpReader {
	var readers []io.Reader
	for _, d := range l.data {
		readers = append(readers, bytes.NewReader(d))
	}
	return object.NewOpReader(io.MultiReader(readers...))
}

// chain yields the log objects after a transaction, each verified to follow the one before, whose digest is prev; the
// parts of a transaction as one. It ends with the newest that is there, or with an error that names the object that is
// damaged or missing.
func (g *generation) chain(ctx context.Context, after uint64, prev object.Digest) iter.Seq2[*link, error] {
	fetch := func(ctx context.Context, info logInfo) (*link, error) {
		l, digest, err := g.log(ctx, info.first, info.part)
		if err != nil {
			return nil, err
		}
		return &link{Log: l, digest: digest, name: info.name}, nil
	}
	return func(yield func(*link, error) bool) {
		fail := func(name string, format string, args ...any) {
			yield(nil, g.h.broken(name, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrDamaged)))
		}
		next, part := after+1, 0
		var parts [][]byte
		for l, err := range ahead(ctx, g.logs(ctx, after), fetch) {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case l.First != next || l.Part != part:
				fail(object.LogName(g.num, next, part), "it is missing: the next one is %s", l.name)
				return
			case l.Prev != prev:
				fail(l.name, "it does not follow the object before it")
				return
			}
			prev = l.digest
			parts = append(parts, l.Data)
			if !l.Whole {
				part++
				continue
			}
			l.data = parts
			if !yield(l, nil) {
				return
			}
			next, part, parts = l.Last+1, 0, nil
		}
	}
}
