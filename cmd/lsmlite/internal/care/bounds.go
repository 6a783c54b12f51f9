// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// bounds are a range of keys: from start on, before end, and with prefix. Nil is no bound.
type bounds struct{ start, end, prefix []byte }

// rangeFlags are the flags of a subcommand that may be limited to a range of keys.
type rangeFlags struct {
	Prefix string `placeholder:"KEY" help:"Only keys that begin so."`
	Start  string `placeholder:"KEY" help:"Only this key and those after it."`
	End    string `placeholder:"KEY" help:"Only keys before this one."`
}

// bounds reads the keys of the flags.
func (r rangeFlags) bounds() (b bounds, err error) {
	for _, f := range []struct {
		name, from string
		to         *[]byte
	}{{"prefix", r.Prefix, &b.prefix}, {"start", r.Start, &b.start}, {"end", r.End, &b.end}} {
		if f.from == "" {
			continue
		}
		if *f.to, err = text.Parse(f.from); err != nil {
			return b, env.Errorf(env.Usage, "--%s %w", f.name, err)
		}
	}
	return b, nil
}

// begin moves a cursor to the first key of the range, and reports whether there is one.
func (b bounds) begin(c *engine.Cursor) bool {
	from := b.start
	if bytes.Compare(b.prefix, from) > 0 {
		from = b.prefix
	}
	if len(from) == 0 {
		return c.First() && b.has(c.Key())
	}
	return c.Seek(from, engine.SeekGE) && b.has(c.Key())
}

// has says whether a key that is not before the first one of the range is in it.
func (b bounds) has(key []byte) bool {
	return bytes.HasPrefix(key, b.prefix) && (b.end == nil || bytes.Compare(key, b.end) < 0)
}
