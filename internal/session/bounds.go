// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"github.com/lsmlite/lsmlite-go/parser"
)

// bindKeys works out the intervals of p. Expressions in them obey ctx.
func bindKeys(ctx context.Context, p *parser.Plan, b *parser.Bounds, args []parser.Value, keys *parser.KeyType) error {
	b.Ctx = ctx
	err := p.Keys.Bind(b, args, keys)
	b.Ctx = nil
	return err
}

// loadsLate reports whether a row with a long value is to be visited by a cursor, which loads it when
// it is needed, if at all: where a filter that does not need the value comes first, or only parts of
// the value are needed. A short value costs less to load than a cursor to open. In a transaction a
// cursor also makes the writes after it copy what it shows.
func loadsLate(p *parser.Plan, f *parser.Filter) bool {
	return p.Parts || f != nil && !p.KeysOnly && !f.NeedsValue()
}
