// SPDX-License-Identifier: Apache-2.0

package parser

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar, as participle reads it from the tags. Two things keep it fast and its
// depth bounded: it decides by the next token, so it never parses anything twice and the
// first error is the furthest one, and an expression is a flat list of operands and
// operators, which fold.go builds by precedence. So parentheses alone nest here, and
// the scanner has counted them.
//
// The offset of a position is the number of a token in its statement, and what is captured
// serves for every statement of the same shape: see token.forGrammar.

type statementG struct {
	Explain *explainG `parser:"( @@ )?"`
	Select  *selectG  `parser:"( @@"`
	Insert  *insertG  `parser:"| @@"`
	Update  *updateG  `parser:"| @@"`
	Delete  *deleteG  `parser:"| @@"`
	Pragma  *pragmaG  `parser:"| @@"`
	Create  *createG  `parser:"| @@"`
	Tx      *txG      `parser:"| @@ )"`
}

type explainG struct {
	Word      string `parser:"@'EXPLAIN'"`
	QueryPlan bool   `parser:"( @'QUERY' 'PLAN' )?"`
}

type selectG struct {
	Results []*resultG `parser:"'SELECT' @@ ( ',' @@ )*"`
	From    *nameG     `parser:"( 'FROM' @@ )?"`
	Where   *exprG     `parser:"( 'WHERE' @@ )?"`
	OrderBy *columnG   `parser:"( 'ORDER' 'BY' @@"`
	Desc    bool       `parser:"  ( 'ASC' | @'DESC' )? )?"`
	Limit   *exprG     `parser:"( 'LIMIT' @@"`
	Offset  *exprG     `parser:"  ( 'OFFSET' @@ )? )?"`
}

type resultG struct {
	Tokens []lexer.Token
	Star   bool   `parser:"  @'*'"`
	Expr   *exprG `parser:"| ( @@"`
	Alias  *nameG `parser:"    ( 'AS'? @@ )? )"`
}

type insertG struct {
	Replace   bool       `parser:"( @'REPLACE'"`
	Or        string     `parser:"| 'INSERT' ( 'OR' @( 'REPLACE' | 'IGNORE' | 'ABORT' ) )? )"`
	Into      *nameG     `parser:"( 'INTO' @@ )?"`
	Columns   []*nameG   `parser:"( '(' @@ ',' @@ ')' )?"`
	Rows      []*rowsG   `parser:"'VALUES' @@ ( ',' @@ )*"`
	Upsert    *upsertG   `parser:"( @@ )?"`
	Returning []*resultG `parser:"( 'RETURNING' @@ ( ',' @@ )* )?"`
}

// rowsG is one row, or many that hold nothing but values.
type rowsG struct {
	Pos    lexer.Position
	Many   bool   `parser:"  @Rows"`
	First  *exprG `parser:"| '(' @@"`
	Second *exprG `parser:"  ',' @@ ')'"`
}

type upsertG struct {
	Pos    lexer.Position
	Target *nameG      `parser:"'ON' 'CONFLICT' ( '(' @@ ')' )?"`
	Ignore bool        `parser:"'DO' ( @'NOTHING'"`
	Set    *assignment `parser:"| 'UPDATE' 'SET' @@ )"`
}

type assignment struct {
	Column *nameG `parser:"@@"`
	Value  *exprG `parser:"'=' @@"`
}

type updateG struct {
	Table     *nameG      `parser:"'UPDATE' ( @@ )?"`
	Set       *assignment `parser:"'SET' @@"`
	Where     *exprG      `parser:"( 'WHERE' @@ )?"`
	Returning []*resultG  `parser:"( 'RETURNING' @@ ( ',' @@ )* )?"`
}

type deleteG struct {
	Word      string     `parser:"@'DELETE'"`
	From      *nameG     `parser:"( 'FROM' @@ )?"`
	Where     *exprG     `parser:"( 'WHERE' @@ )?"`
	Returning []*resultG `parser:"( 'RETURNING' @@ ( ',' @@ )* )?"`
}

type pragmaG struct {
	Name *nameG         `parser:"'PRAGMA' @@"`
	Set  *pragmaValueG  `parser:"( '=' @@"`
	Call *pragmaParensG `parser:"| @@ )?"`
}

type pragmaParensG struct {
	Args []*pragmaValueG `parser:"'(' ( @@ ( ',' @@ )* )? ')'"`
}

// pragmaValueG takes more values than a pragma does; build.go refuses the others.
type pragmaValueG struct {
	Pos   lexer.Position
	Sign  string `parser:"( @( '-' | '+' )?"`
	Value string `parser:"  @Value"`
	Name  string `parser:"| @( Name | Keyword ) )"`
}

type createG struct {
	Table  *nameG     `parser:"'CREATE' 'TABLE' 'IF' 'NOT' 'EXISTS' @@"`
	Key    *columnDef `parser:"'(' @@"`
	Value  *columnDef `parser:"',' @@"`
	Target *nameG     `parser:"',' 'PRIMARY' 'KEY' '(' @@ ')' 'ON' 'CONFLICT' 'REPLACE' ')' 'WITHOUT' 'ROWID'"`
}

type columnDef struct {
	Name *nameG `parser:"@@ 'BLOB' 'NOT' 'NULL'"`
}

type txG struct {
	Begin     *beginG `parser:"  @@"`
	Commit    bool    `parser:"| ( @'COMMIT' | @'END' ) 'TRANSACTION'?"`
	Rollback  bool    `parser:"| @'ROLLBACK' 'TRANSACTION'?"`
	To        *nameG  `parser:"  ( 'TO' 'SAVEPOINT'? @@ )?"`
	Savepoint *nameG  `parser:"| 'SAVEPOINT' @@"`
	Release   *nameG  `parser:"| 'RELEASE' 'SAVEPOINT'? @@"`
}

type beginG struct {
	Word string `parser:"@'BEGIN'"`
	Mode string `parser:"@( 'DEFERRED' | 'IMMEDIATE' | 'EXCLUSIVE' )? 'TRANSACTION'?"`
}

// nameG is a name. SQLite accepts a text in most places where a name is allowed; build.go refuses
// the other values.
type nameG struct {
	Pos  lexer.Position
	Text string `parser:"@( Name | Value | 'LIKE' | 'GLOB' )"`
}

type columnG struct {
	First  *nameG `parser:"@@"`
	Second *nameG `parser:"( '.' @@ )?"`
}

// wordG is a name where a text would be a value.
type wordG struct {
	Text string `parser:"@( Name | 'LIKE' | 'GLOB' )"`
}

type exprG struct {
	First *operandG `parser:"@@"`
	Rest  []*tailG  `parser:"@@*"`
}

// operandG takes any number of prefixes at once, so they do not nest.
type operandG struct {
	Pos     lexer.Position
	Value   string     `parser:"  ( @Value"`
	Of      *nameG     `parser:"    ( '.' @@ )? )"`
	Parens  *exprG     `parser:"| '(' @@ ')'"`
	Cast    *castG     `parser:"| @@"`
	Name    *wordG     `parser:"| ( @@"`
	Column  *nameG     `parser:"    ( '.' @@"`
	Call    *callG     `parser:"    | @@ )? )"`
	Prefix  []*prefixG `parser:"| ( @@+"`
	Operand *operandG  `parser:"    @@ )"`
}

type prefixG struct {
	Pos lexer.Position
	Op  string `parser:"@( '-' | '+' | 'NOT' )"`
}

// tailG is an operator and its right operand. The AND of BETWEEN and the ESCAPE of LIKE are
// operators like any other here.
type tailG struct {
	Pos     lexer.Position
	Op      string    `parser:"  @Infix"`
	Operand *operandG `parser:"  @@"`
	In      *listG    `parser:"| 'IN' @@"`
	Not     *notG     `parser:"| @@"`
}

// notG is an operator that begins with NOT.
type notG struct {
	Op      string    `parser:"'NOT' ( @( 'LIKE' | 'GLOB' | 'BETWEEN' )"`
	Operand *operandG `parser:"  @@"`
	In      *listG    `parser:"| 'IN' @@ )"`
}

type listG struct {
	Items []*itemsG `parser:"'(' ( @@ ( ',' @@ )* )? ')'"`
}

// itemsG is one entry of a list, or many values.
type itemsG struct {
	Pos  lexer.Position
	Many bool   `parser:"  @Values"`
	Expr *exprG `parser:"| @@"`
}

type castG struct {
	Expr *exprG `parser:"'CAST' '(' @@"`
	Type string `parser:"'AS' @( 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' ) ')'"`
}

type callG struct {
	Star bool     `parser:"'(' ( @'*'"`
	Args []*exprG `parser:"    | @@ ( ',' @@ )* )? ')'"`
}

// grammar builds participle's parser when the first statement is parsed, because that
// costs half a millisecond that a program without SQL does not have to pay.
var grammar = sync.OnceValue(func() *participle.Parser[statementG] {
	return participle.MustBuild[statementG](participle.Lexer(definition{}), participle.UseLookahead(0))
})

// parseTokens runs participle over the tokens of one statement.
func parseTokens(tokens []token) (*statementG, error) {
	peeking, err := lexer.Upgrade(&statementLexer{tokens: tokens})
	if err != nil {
		return nil, err
	}
	return grammar().ParseFromLexer(peeking)
}
