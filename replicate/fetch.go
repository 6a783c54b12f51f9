// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// fetches is how many objects are read ahead at the same time. Reading has them in memory, of at most object.PartBytes
// of a log each, and as many parts more while a transaction is applied that has several.
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
