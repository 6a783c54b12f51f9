// SPDX-License-Identifier: Apache-2.0

package parser

import "context"

// MaxPatternBytes is the length that the pattern of LIKE or GLOB may have.
const MaxPatternBytes = 50_000

// A pattern is matched character by character: a character is one of UTF-8, or a byte
// where the text is not valid UTF-8. Only the last star before the place of a mismatch can
// help, so that the work is in proportion to text times pattern at the most, and small for usual
// patterns. If it grows, the match is left to matchLong.

// matchText reports whether text matches the pattern of LIKE, or else of GLOB. It fails
// only with the error of ctx.
func matchText(ctx context.Context, like bool, pattern likePattern, text []byte) (matches bool, err error) {
	steps := 64*len(text) + 1<<16
	var m match
	if like {
		m, err = matchLike(ctx, &pattern, text, steps)
	} else {
		m, err = matchGlob(ctx, pattern.text, text, steps)
	}
	if m == unknown && err == nil {
		return matchLong(ctx, like, pattern, text)
	}
	return m == matching, err
}
