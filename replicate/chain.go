// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// link is a log object in its chain: all transactions that became complete with it. Of a transaction that has several
// parts only the last one is in memory: when it is applied, the others are read once more.
type link struct {
	*object.Log
	g      *generation
	digest object.Digest
	name   string
	before []object.Digest // of the parts before this one
	size   int64           // of the data of all parts
}

// readError is an error of the objects, not of the database that they are applied to.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// ops reads its transactions. Call stop at the end.
func (l *link) ops(ctx context.Context) (r *object.OpReader, stop func()) {
	last := bytes.NewReader(l.Data)
	if len(l.before) == 0 {
		return object.NewOpReader(last), func() {}
	}
	parts := func(yield func(int, error) bool) {
		for n := range l.before {
			if !yield(n, nil) {
				return
			}
		}
	}
	next, stop := iter.Pull2(ahead(ctx, parts, l.part))
	return object.NewOpReader(io.MultiReader(&pulled{next: next, sum: io.Discard}, last)), stop
}

// part returns the data of a part before this one. It was verified before, so it must be the same one.
func (l *link) part(ctx context.Context, n int) ([]byte, error) {
	p, digest, err := l.g.log(ctx, l.First, n)
	if err != nil {
		return nil, err
	}
	if digest != l.before[n] {
		return nil, l.g.h.broken(object.LogName(l.g.num, l.First, n), fmt.Errorf("it was changed while it was read: %w", ErrDamaged))
	}
	return p.Data, nil
}

// begun are the parts of a transaction whose end has not come yet. A follower that looks again goes on after them.
type begun struct {
	first uint64
	prev  object.Digest // of the object before the transaction
	parts []object.Digest
	size  int64
}

// chain yields the log objects after a transaction, each verified to follow the one before, whose digest is prev; the
// parts of a transaction as one, when all are there. It ends with the newest that is there, or with an error that names
// the object that is damaged or missing.
func (g *generation) chain(ctx context.Context, after uint64, prev object.Digest) iter.Seq2[*link, error] {
	fetch := func(ctx context.Context, info logInfo) (*link, error) {
		l, digest, err := g.log(ctx, info.first, info.part)
		if err != nil {
			return nil, err
		}
		return &link{Log: l, g: g, digest: digest, name: info.name}, nil
	}
	return func(yield func(*link, error) bool) {
		fail := func(name string, format string, args ...any) {
			yield(nil, g.h.broken(name, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrDamaged)))
		}
		next, from := after+1, object.AfterLog(g.num, after)
		if g.begun.first != next || g.begun.prev != prev {
			g.begun = begun{first: next, prev: prev}
		}
		if n := len(g.begun.parts); n > 0 {
			prev, from = g.begun.parts[n-1], object.LogName(g.num, next, n-1)
		}
		for l, err := range ahead(ctx, g.logsFrom(ctx, from), fetch) {
			part := len(g.begun.parts)
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
			g.begun.size += int64(len(l.Data))
			if !l.Whole {
				g.begun.parts = append(g.begun.parts, prev)
				continue
			}
			l.before, l.size = g.begun.parts, g.begun.size
			next = l.Last + 1
			g.begun = begun{first: next, prev: prev}
			if !yield(l, nil) {
				return
			}
		}
	}
}
