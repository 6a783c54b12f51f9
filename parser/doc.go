// SPDX-License-Identifier: Apache-2.0

// Package parser turns the SQL dialect of lsmlite into plans that say which keys to
// visit and what to do there.
//
// It owns the text: its grammar, its errors, and what a statement means. It knows no
// database; the driver runs the plans. Work is in three pure stages:
//
//	Parse    text      → []*Statement   syntax; errors show line, column and a caret
//	Compile  Statement → *Plan          names, classes, the split of WHERE
//	Bind     Plan      → Bounds         ordered disjoint key intervals for arguments
//
// What intervals do not express, a Plan carries as a Filter and as Formulas, which are
// evaluated on an Env: the arguments and one row, whose value is loaded only when an expression
// needs it. Plan.Check refuses arguments whose class does not fit, before anything runs.
//
// Plans are immutable and shared; Cache keeps those of the texts a program repeats, so
// that a repeated statement is neither parsed nor compiled. Running a cached plan that
// selects a single key or a single interval allocates nothing here, and neither does a
// filter.
//
// No input makes the package panic, recurse deeper than MaxNesting, or work longer than
// in proportion to the length of the text (times its logarithm).
package parser

// Limits. Each has an error of its own.
const (
	// MaxNesting is how deep parentheses and operators may nest.
	MaxNesting = 1000
	// MaxTextBytes is the length that a text may have, all its statements together.
	MaxTextBytes = 16 << 20
	// MaxTokens is how many tokens a text may have; a text of more than four times as many
	// bytes may have one for every four bytes.
	MaxTokens = 1 << 18
	// MaxStatements is how many statements a text may have; a text of more than 32 times as
	// many bytes may have one for every 32 bytes.
	MaxStatements = 1 << 15
	// MaxParsedTokens is how many tokens of a text may be parsed one by one. It bounds the
	// time and the memory, about 2 KB a token, that a text takes. Not counted are
	// values in a list of IN, rows of VALUES that hold nothing but values, and statements
	// that differ from an earlier one in nothing but names and values.
	MaxParsedTokens = 1 << 14
	// MaxParams is the greatest number of a parameter.
	MaxParams = 32766
)

// The files, in an order in which they can be read:
//
//	texts        ascii words token secret errors lex pieces fuse
//	numbers      value numeral nodeop wide number comparenumber
//	trees        printer kinds ast grammarlex grammar builder constant precedence fold foldoperand build
//	errors       candidates shorten expect missing unexpected parse
//	printing     printexpr print
//	expressions  node keytype env part sizes eval
//	conditions   truth match_char match_step match_like match_glob match_long match match_part condition
//	formulas     formula operand filter
//	plans        keyop keys keyset keystring plan check simple partplan explain
//	compiling    compile typing typingcondition where writes result cache
