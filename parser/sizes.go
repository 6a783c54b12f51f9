// SPDX-License-Identifier: Apache-2.0

package parser

// Functions that double a length can be nested, so a short text may make more bytes than
// there are anywhere. What they would make is worked out first.

const (
	// freeDoublings is how many may be nested without a look at what they make.
	freeDoublings = 3
	// freeWork is how many bytes may be made to find out whether a filter is needed.
	freeWork = 1 << 12
)

// fits reports whether the node's value may be made. If not, e has failed.
func (n *node) fits(e *Env) bool {
	if _, made := n.size(e); made > maxResult-len(e.scratch) {
		e.fail(errResultTooBig)
		return false
	}
	return true
}

// size returns how long the node's value is at least, and how many bytes are made for it
// and for the nodes below; both are cut to more than maxResult.
func (n *node) size(e *Env) (length, made int) {
	if len(n.kids) > 0 {
		length, made = n.kids[0].size(e)
	}
	switch n.op {
	case nodeConst:
		return len(n.value.Bytes), 0
	case nodeParam:
		return len(e.Args[n.param-1].Bytes), 0
	case nodeKey:
		if !e.Keys.numeric() {
			return len(e.key), 0
		}
	case nodeValue:
		return e.valueLen(), 0
	case nodeExcludedValue:
		return len(e.excludedValue), 0
	case nodeHex:
		length = min(2*length, maxResult+1)
		return length, min(made+length, maxResult+1)
	case nodeLower, nodeUpper:
		return length, min(made+length, maxResult+1)
	case nodeCastBytes:
		return length, made
	case nodeConcat:
		right, more := n.kids[1].size(e)
		if n.kids[0].nullable(e.Args) || n.kids[1].nullable(e.Args) {
			return 0, made // it may be NULL
		}
		length = min(length+right, maxResult+1)
		return length, min(made+more+right, maxResult+1)
	}
	return 0, 0
}
