// SPDX-License-Identifier: Apache-2.0

package parser

// keyOp is what a condition asks of a key.
type keyOp uint8

const (
	keyEq keyOp = iota + 1
	keyLt
	keyLe
	keyGt
	keyGe
	keyNe
	keyGlob    // key GLOB operand, or rather: key begins as the pattern does
	keyNotGlob // the opposite, for a pattern that fixes a prefix and nothing else
	keyAnd     // of kids
	keyOr      // of kids
	keyIn      // key is one of list, which may be empty
	keyNotIn   // key is none of list
	keyCond    // all keys if cond is true, or false if not is set; else none
	keyAll     // what a comparison may be rounded to
	keyNone
)

// rounded returns the condition on the encoded key that key <op> number is, where fit is
// that of the number.
func (op keyOp) rounded(fit Fit) keyOp {
	switch {
	case fit == FitExact:
		return op
	case op == keyEq:
		return keyNone
	case op == keyNe:
		return keyAll
	case fit == FitBetween && op == keyLe:
		return keyLt
	case fit == FitBetween && op == keyGt:
		return keyGe
	case fit == FitBetween:
		return op
	case (op == keyLt || op == keyLe) == (fit == FitAbove):
		return keyAll
	}
	return keyNone
}
