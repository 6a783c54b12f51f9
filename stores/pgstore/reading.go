// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/store"
)

// reading is the state of a pin, as a store.ShortReader.
type reading struct {
	s   *remote
	pin *pin
}

var _ store.ShortReader = reading{}

// Get implements store.Reader.
func (r reading) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	type answer struct {
		value []byte
		found bool
	}
	a, err := ask(ctx, r.pin, "get", key, func(ctx context.Context, c *pgx.Conn, key []byte) (a answer, err error) {
		a.value, a.found, err = r.pin.lookup(ctx, c, key)
		return a, err
	})
	return append(dst, a.value...), a.found, err
}

// ValueLen implements store.Reader.
func (r reading) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	type answer struct {
		n     int
		found bool
	}
	a, err := ask(ctx, r.pin, "length", key, func(ctx context.Context, c *pgx.Conn, key []byte) (a answer, err error) {
		a.n, a.found, err = r.pin.lookupLen(ctx, c, key)
		return a, err
	})
	return a.n, a.found, err
}

// GetShort implements store.ShortReader.
func (r reading) GetShort(ctx context.Context, dst, key []byte, most int) ([]byte, int, bool, error) {
	type answer struct {
		value []byte
		n     int
		found bool
	}
	a, err := ask(ctx, r.pin, "get", key, func(ctx context.Context, c *pgx.Conn, key []byte) (a answer, err error) {
		a.value, a.n, a.found, err = r.pin.lookupShort(ctx, c, key, most)
		return a, err
	})
	return append(dst, a.value...), a.n, a.found, err
}

// Cursor implements store.Reader.
func (r reading) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newCursor(r.s, r.pin), nil
}

// ask is pin.read with an answer, which is the zero one after an error.
func ask[A any](ctx context.Context, p *pin, op string, key []byte,
	f func(ctx context.Context, c *pgx.Conn, key []byte) (A, error)) (answer A, err error) {
	var read A
	key = kept(ctx, key)
	err = p.read(ctx, op, func(ctx context.Context, c *pgx.Conn) error {
		a, err := f(ctx, c, key)
		if err == nil {
			read = a
		}
		return err
	})
	if err != nil {
		return answer, err
	}
	return read, nil
}
