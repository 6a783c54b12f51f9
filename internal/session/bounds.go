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

// loadsLate reports whether a row has to pass a filter that does not need its value before
// the value is needed: a cursor loads it then, if at all.
func loadsLate(p *parser.Plan, f *parser.Filter) bool {
	return f != nil && !p.KeysOnly && !f.NeedsValue()
}
