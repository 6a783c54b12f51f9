// Package parser turns the SQL dialect of lsmlite into plans that say which keys to
// visit and what to do there.
//
// It owns the text: its grammar, its errors, and what a statement asks for. It knows no
// database; the driver runs the plans. Work is in three pure stages:
//
//	Parse    text      → []*Statement   syntax; errors show line, column and a caret
//	Compile  Statement → *Plan          names, classes, the split of WHERE
//	Bind     Plan      → Bounds         ordered disjoint key intervals for arguments
//
// What intervals do not express, a Plan carries as a Filter and as Formulas, which are
// evaluated on an Env: the arguments and one row, whose value is loaded only when an
// expression asks for it. Plan.Check refuses arguments whose class does not fit, before
// anything runs.
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
	// MaxTokens is how many tokens a text may have, and MaxStatementTokens how many one of
	// its statements. They bound the memory that parsing takes, about 2 KB a token.
	MaxTokens          = 1 << 20
	MaxStatementTokens = 1 << 18
	// MaxParams is the greatest number of a parameter.
	MaxParams = 32766
)
