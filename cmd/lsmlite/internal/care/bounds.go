// SPDX-License-Identifier: Apache-2.0

package care

import (
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// rangeFlags are the flags of a subcommand that may be limited to a range of keys.
type rangeFlags struct {
	Prefix string `placeholder:"KEY" help:"Only keys that begin with it."`
	From   string `placeholder:"KEY" help:"Only keys from it on."`
	To     string `placeholder:"KEY" help:"Only keys less than it."`
}

// rows returns the range that all three leave.
func (r rangeFlags) rows() (row.Range, error) {
	var keys [3][]byte
	for i, f := range []struct{ name, from string }{{"prefix", r.Prefix}, {"from", r.From}, {"to", r.To}} {
		if f.from == "" {
			continue
		}
		key, err := text.Parse(f.from)
		if err != nil {
			return row.Range{}, env.Errorf(env.Usage, "--%s %w", f.name, err)
		}
		keys[i] = key
	}
	return row.Prefix(keys[0]).And(row.Range{From: keys[1], To: keys[2]}), nil
}

// begin moves a cursor to the first key of a range, and reports whether there is one.
func begin(c *engine.Cursor, r row.Range) bool {
	return c.Seek(r.From, engine.SeekGE) && r.Has(c.Key())
}
