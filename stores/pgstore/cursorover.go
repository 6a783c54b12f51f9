// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/store"
)

var _ store.CursorOpener = (*remote)(nil)

// CursorOver implements store.CursorOpener. Most ranges of statements are short: they fit into the first page, which
// is one statement in no transaction, as a program without the dialect would send. Only where that is not enough is a
// snapshot begun, which reads the first page again: it may show another state.
func (s *remote) CursorOver(ctx context.Context, r *store.Range, only bool) (store.Cursor, error) {
	switch {
	case !only:
		return s.Cursor(ctx)
	case r.Limit > firstLimited && s.streams(r):
		return s.openStream(ctx, r, 0)
	case r.Limit > firstLimited:
		return s.Cursor(ctx)
	}
	if err := s.enter(ctx, "read"); err != nil {
		return nil, err
	}
	n := firstSize(r)
	var p *page
	err := s.once(ctx, "read", func(c *pgx.Conn) (err error) {
		p, err = s.fetch(ctx, c, r, n)
		return err
	})
	whole := err == nil && (p.whole || len(p.rows) == r.Limit || r.IsPoint())
	if whole && p.complete(r.KeysOnly) {
		over := *r
		over.Lo, over.Hi = bytes.Clone(r.Lo), bytes.Clone(r.Hi)
		return &cursor{s: s, ahead: p, over: over}, nil
	}
	s.exit()
	if err != nil {
		return nil, err
	}
	if !whole && s.streams(r) {
		return s.openStream(ctx, r, p.next())
	}
	c, err := s.cursor(ctx)
	if err != nil {
		return nil, err
	}
	if !whole {
		c.size = p.next()
	}
	return c, nil
}

// sameRange reports whether two ranges have the same keys in the same order.
func sameRange(a, b *store.Range) bool {
	return bytes.Equal(a.Lo, b.Lo) && bytes.Equal(a.Hi, b.Hi) && a.HasLo == b.HasLo && a.HasHi == b.HasHi &&
		a.LoOpen == b.LoOpen && a.HiOpen == b.HiOpen && a.Reverse == b.Reverse && a.KeysOnly == b.KeysOnly && a.Limit == b.Limit
}
