// SPDX-License-Identifier: Apache-2.0

package parser

// truth is a value of SQL's three-valued logic. The order makes AND the minimum and OR
// the maximum.
type truth uint8

const (
	isFalse truth = iota
	isUnknown
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) negate() truth { return isTrue - t }
