// SPDX-License-Identifier: Apache-2.0

package parser

// Statement is one parsed statement. Parse makes it; it is not changed afterwards.
type Statement struct {
	// Text is the source text of the statement and Offset where it begins.
	Text   string
	Offset int
	// Explain is true for EXPLAIN, QueryPlan for EXPLAIN QUERY PLAN.
	Explain, QueryPlan bool
	// Body is a *Select, *Insert, *Update, *Delete, *PragmaCommand, *CreateTable or
	// *Transaction.
	Body Body

	source string   // the whole text
	names  []string // of the parameters of the whole text
}

// Body is the part of a Statement that depends on its kind.
type Body interface{ append(p *printer) }

// Select is SELECT.
type Select struct {
	Results []Result
	From    *Name // nil without FROM
	Where   Expr  // nil without WHERE
	OrderBy *ColumnRef
	Desc    bool
	Limit   Expr // nil without LIMIT
	Offset  Expr // nil without OFFSET
}

// Result is one entry of a list of results: * if Expr is nil.
type Result struct {
	Expr  Expr
	Alias *Name // nil without one
	// Source is the text of the result, from which an unnamed column has its name.
	Source string
	Start  int
}

// Insert is INSERT or REPLACE.
type Insert struct {
	OnConflict Action
	Or         bool // whether the text names an action, REPLACE INTO included
	Into       *Name
	// Columns are the two column names if they are given. Rows hold what is in the text,
	// so Columns decide which is which.
	Columns   []*Name
	Rows      [][2]Expr
	Upsert    *Upsert
	Returning []Result
}

// Upsert is ON CONFLICT … DO NOTHING, or DO UPDATE if Set is not nil.
type Upsert struct {
	Target *Name
	Set    *Assignment
	Start  int
}

// Assignment is column = value.
type Assignment struct {
	Column *Name
	Value  Expr
}

// Update is UPDATE.
type Update struct {
	Table     *Name
	Set       *Assignment
	Where     Expr
	Returning []Result
}

// Delete is DELETE.
type Delete struct {
	From      *Name
	Where     Expr
	Returning []Result
}

// PragmaCommand is PRAGMA.
type PragmaCommand struct {
	Name *Name
	Form PragmaForm
	Args []PragmaArg
}

// PragmaArg is a word, a text or a number.
type PragmaArg struct {
	Text   string
	Number bool
}

// CreateTable is CREATE TABLE IF NOT EXISTS kv with the one schema that is allowed.
type CreateTable struct {
	Table, Key, Value, Target *Name
}

// Transaction is a statement that opens or ends a transaction or a savepoint.
type Transaction struct {
	Op   Op
	Mode TxMode
	Name *Name
}

// Name is an identifier, without its quotes.
type Name struct {
	Text  string
	Start int // offset in the whole text
	End   int
}

// Expr is an expression or a condition: a *Literal, *Param, *ColumnRef, *Unary,
// *Binary, *Logic, *Between, *In, *Call or *Cast.
type Expr interface {
	// span returns where the token is in the whole text that an error about the
	// expression shows: its operator, or its first token if it has none.
	span() (start, end int)
	append(p *printer)
}

type place struct{ start, end int }

func (p place) span() (start, end int) { return p.start, p.end }

// Literal is a constant. A sign before a number belongs to it.
type Literal struct {
	place
	Value Value
}

// Param is a parameter.
type Param struct {
	place
	// Number counts from 1 through the whole text.
	Number int
	// Name is the name with its prefix, or "" for ? and ?NNN.
	Name string
}

// ColumnRef is a column's name, maybe after a table's.
type ColumnRef struct {
	place
	Table *Name // nil without one
	Name  *Name
}

// Unary is -, + or NOT before an operand.
type Unary struct {
	place
	Op string
	X  Expr
}

// Binary is two operands and one of || * / % + - < <= > >= = != LIKE GLOB. The
// spellings == and <> are kept as = and !=.
type Binary struct {
	place
	Op   string
	Not  bool // NOT LIKE, NOT GLOB
	X, Y Expr
	// Escape is what follows ESCAPE, nil without it.
	Escape Expr
}

// Logic joins two or more conditions by AND or OR. None of them is a Logic with the same
// operator, so a long chain does not nest.
type Logic struct {
	place
	Or   bool
	Args []Expr
}

// Between is X [NOT] BETWEEN Lo AND Hi.
type Between struct {
	place
	Not       bool
	X, Lo, Hi Expr
}

// In is X [NOT] IN (List).
type In struct {
	place
	Not  bool
	X    Expr
	List []Expr
}

// Call is a function call. Star is true for f(*).
type Call struct {
	place
	Name *Name
	Star bool
	Args []Expr
}

// Cast is CAST(X AS Type), Type in upper case.
type Cast struct {
	place
	X    Expr
	Type string
}
