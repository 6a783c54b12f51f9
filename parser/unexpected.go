// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"errors"

	"github.com/alecthomas/participle/v2"
)

// syntaxError turns participle's error into ours.
func (b *builder) syntaxError(err error, end int) error {
	var perr participle.Error
	if !errors.As(err, &perr) {
		return err
	}
	return b.unexpected(min(perr.Position().Offset, len(b.fused.tokens)), end)
}

// unexpected makes the error about token i, which is not allowed there: it shows the place,
// and what is missing from the dialect or what is allowed there instead. The statement ends
// at the offset end.
func (b *builder) unexpected(i, end int) error {
	tokens := b.fused.tokens
	var e *Error
	switch {
	case i < len(tokens):
		e = errorAt(b.text, int(tokens[i].start), tokens[i].end())
	case end < len(b.text):
		e = errorAt(b.text, end, end+1)
	default:
		e = errorAt(b.text, len(b.text), len(b.text))
	}
	if e.Msg = missing(tokens, i); e.Msg != "" {
		return e
	}
	if e.Expected = b.expected(i, true); len(e.Expected) == 0 {
		// What comes before the place may be wrong in a way that only shows when the tree is
		// built, and then nothing makes it right that follows.
		if g, err := parseTokens(tokens[:i:i]); err == nil {
			earlier := builder{text: b.text, unsigned: b.unsigned, fused: b.fused}
			earlier.fused.tokens = tokens[:i:i]
			if _, err := earlier.body(g); err != nil {
				return err
			}
		}
		e.Expected = b.expected(i, false)
	}
	return e
}
