// SPDX-License-Identifier: Apache-2.0

package parser

// stepsBetweenLooks is how many steps a match goes between looks at its context.
const stepsBetweenLooks = 1 << 14

// match is what is known of a text and a pattern.
type match uint8

const (
	unknown   match = iota // the steps did not suffice
	different              // the text does not match
	matching               // it does
)

// matchIf is matching if ok.
func matchIf(ok bool) match {
	if ok {
		return matching
	}
	return different
}
