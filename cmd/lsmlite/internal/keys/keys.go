// SPDX-License-Identifier: Apache-2.0

// Package keys has the flags that limit a subcommand to some of the keys, and how they are read. The subcommands of
// packages data and care embed them.
package keys

import (
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Range are the flags. Nil is a flag that was not given.
type Range struct {
	Prefix *string `placeholder:"KEY" help:"Only keys that begin with it."`
	From   *string `placeholder:"KEY" help:"Only keys from it on."`
	To     *string `placeholder:"KEY" help:"Only keys less than it."`
}

// Rows returns the range that all three leave. A flag that is given must not be empty: it is then most often a variable
// of a script that is not set, and would mean all keys. The empty key, x”, is the first one, so a range can begin with
// it; no key is less than it, and all keys begin with it.
func (r Range) Rows() (row.Range, error) {
	var bounds [3][]byte
	for i, flag := range []struct {
		name string
		key  *string
	}{{"prefix", r.Prefix}, {"from", r.From}, {"to", r.To}} {
		if flag.key == nil {
			continue
		}
		if *flag.key == "" {
			return row.Range{}, env.Errorf(env.Usage, "--%s is empty; leave it out if all keys are meant", flag.name)
		}
		key, err := text.Parse(*flag.key)
		if err != nil {
			return row.Range{}, env.Errorf(env.Usage, "--%s %w", flag.name, err)
		}
		if len(key) == 0 && flag.name != "from" {
			return row.Range{}, env.Errorf(env.Usage, "--%s %s is the empty key, which bounds no range; --from x'' takes all keys",
				flag.name, *flag.key)
		}
		bounds[i] = key
	}
	return row.Prefix(bounds[0]).And(row.Range{From: bounds[1], To: bounds[2]}), nil
}

// Given says whether there is any of the flags.
func (r Range) Given() bool { return r != Range{} }
