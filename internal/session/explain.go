// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"
	"slices"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/parser"
)

// explain returns the rows of EXPLAIN.
func explain(ctx context.Context, p *parser.Plan, args []parser.Value, keys *parser.KeyType) (*pragma.Table, error) {
	steps, err := p.Explain(ctx, args, keys)
	if err != nil {
		return nil, bindError(err)
	}
	t := &pragma.Table{Columns: slices.Clone(parser.ExplainColumns[:])}
	for _, s := range steps {
		t.Rows = append(t.Rows, []driver.Value{s.Number, s.Action, s.Detail, s.Hex})
	}
	return t, nil
}
