// SPDX-License-Identifier: Apache-2.0

package parser

// Precedences, as SQLite's; a higher one binds tighter.
const (
	precOr = iota + 1
	precAnd
	precNot
	precEqual
	precCompare
	precAdd
	precMultiply
	precConcat
	precUnary
	precPrimary
)

var precedences = map[string]int{
	"OR": precOr, "AND": precAnd, "NOT": precNot,
	"=": precEqual, "==": precEqual, "!=": precEqual, "<>": precEqual,
	"IN": precEqual, "LIKE": precEqual, "GLOB": precEqual, "BETWEEN": precEqual,
	"<": precCompare, "<=": precCompare, ">": precCompare, ">=": precCompare,
	"+": precAdd, "-": precAdd, "*": precMultiply, "/": precMultiply, "%": precMultiply, "||": precConcat,
}

// precedence returns how tight the outermost operator of e binds.
func precedence(e Expr) int {
	switch e := e.(type) {
	case *Unary:
		if e.Op == "NOT" {
			return precNot
		}
		return precUnary
	case *Binary:
		return precedences[e.Op]
	case *Logic:
		if e.Or {
			return precOr
		}
		return precAnd
	case *Between, *In:
		return precEqual
	}
	return precPrimary
}
