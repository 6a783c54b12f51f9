// SPDX-License-Identifier: Apache-2.0

package parser

type nodeOp uint8

const (
	nodeConst nodeOp = iota + 1
	nodeParam
	nodeKey
	nodeValue
	nodeExcludedKey
	nodeExcludedValue

	nodeConcat
	nodeAdd
	nodeSubtract
	nodeMultiply
	nodeDivide
	nodeModulo
	nodeNegate
	nodeLength
	nodeHex
	nodeLower
	nodeUpper
	nodeSubstr
	nodeCastBytes
	nodeCastInteger
	nodeCastReal

	// The nodes from here on are conditions.
	nodeEq
	nodeNe
	nodeLt
	nodeLe
	nodeGt
	nodeGe
	nodeLike
	nodeGlob
	nodeBetween
	nodeIn
	nodeNot
	nodeAnd
	nodeOr
)
