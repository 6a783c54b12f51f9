// SPDX-License-Identifier: Apache-2.0

package parser

// Plan is one statement made ready to run with any arguments. It is immutable after
// Compile, so any number of goroutines may share it; nobody may change what it holds,
// its slices included.
type Plan struct {
	// Op says what to do.
	Op Op
	// Text is the source text of this statement, without the separating semicolon and
	// without blanks and comments around it.
	Text string
	// NumInput is the number of arguments that the whole text takes, all its statements
	// together: the statements of one text share one numbering, in which ? is the
	// number after the largest used before, ?NNN is NNN, and a name keeps the number
	// it got where it first stood. It is the same in every Plan of a text.
	NumInput int
	// Names holds the name of each parameter, without its prefix, at index number-1, and
	// "" for ? and ?NNN. Two numbers may bear one name, because :a, @a and $a differ.
	// len(Names) == NumInput; it is the same in every Plan of a text.
	Names []string
	// ReadOnly is false for OpInsert, OpUpdate and OpDelete and true for everything else.
	ReadOnly bool

	// Columns are the results of OpSelect, and of RETURNING in OpInsert, OpUpdate and
	// OpDelete, which have none without it; * is spelled out. RETURNING sees the row as
	// the statement leaves it, or as it was if that deletes it.
	Columns []Column
	// Table is true if OpSelect reads the table. Otherwise it yields one row, of
	// ColumnOperand and of ColumnFormula that mention no column, unless Keys, which
	// depends on no key then, is bound to nothing. Limit and Offset apply to that row.
	Table bool
	// Aggregate is true if every column of OpSelect is an aggregate. The result is then
	// one row over everything Keys and Filter select; Limit and Offset apply to that row.
	Aggregate bool
	// KeysOnly is true if running OpSelect, OpUpdate or OpDelete never needs a value
	// that is stored, but its length at most. In OpInsert with DoUpdate it is true if Set
	// does not need the old value.
	KeysOnly bool
	// Parts is true if running OpSelect, OpUpdate or OpDelete needs stored values, but of
	// long ones only parts, so that a PartLoader saves the rest. It is false where a value is
	// read as a number, as those are short.
	Parts bool
	// Keys are the key intervals that OpSelect, OpUpdate and OpDelete visit.
	Keys KeyExpr
	// Filter is the condition that a row in Keys must meet besides, or nil.
	Filter *Filter
	// Desc is true if OpSelect visits keys from the last to the first.
	Desc bool
	// HasLimit and HasOffset say whether Limit and Offset were given. Use LimitOffset to
	// read them.
	HasLimit, HasOffset bool
	Limit, Offset       Operand

	// Set is the new value in OpUpdate, and in OpInsert with DoUpdate, where it sees the
	// old row and Env's excluded one. It may be NULL, which cannot be stored.
	Set *Formula
	// Rows are the rows of OpInsert, each a key and a value, in this order whatever the
	// order in the text.
	Rows [][2]Operand
	// OnConflict says what OpInsert does with a key that exists.
	OnConflict Action
	// SkipNull is true if OpInsert leaves out a row with a NULL in it, as OR IGNORE does
	// also where ON CONFLICT overrides it. Otherwise such a row fails the statement.
	SkipNull bool

	// Explained is the plan that OpExplain shows.
	Explained *Plan

	// Savepoint is the name for OpSavepoint, OpRelease and OpRollbackTo, in lower case
	// (ASCII), because savepoint names match in any case.
	Savepoint string
	// TxMode is the mode of OpBegin.
	TxMode TxMode
	// Pragma is the subject of OpPragma.
	Pragma Pragma

	// What Check looks at.
	pairs    []pair
	patterns []int // parameters
	escapes  []int

	simple simple
	places bool // all arguments of a simple statement are what it looks up or writes, in order
}

// pair is two operands of a comparison whose classes depend on arguments or on how
// numbers become keys.
type pair struct{ x, y *node }

// simple says which of the plainest statements a plan is, if it is one; see setSimple.
type simple uint8

const (
	simpleNone simple = iota
	simpleGet         // SELECT … WHERE key = operand
	simplePut         // INSERT … VALUES (operand, operand)
)

// Column is one result of a SELECT or RETURNING.
type Column struct {
	Kind ColumnKind
	// Name is the alias, else key or value however written, else the source text.
	Name string
	// Operand is the value of a ColumnOperand.
	Operand Operand
	// Formula computes the value of a ColumnFormula.
	Formula *Formula
}

// ColumnKind says where a result comes from.
type ColumnKind uint8

const (
	// ColumnKey is the row's key.
	ColumnKey ColumnKind = iota + 1
	// ColumnValue is the row's value.
	ColumnValue
	// ColumnOperand is a literal or a parameter.
	ColumnOperand
	// ColumnCount is count(*), an aggregate.
	ColumnCount
	// ColumnMin and ColumnMax are the least and the greatest key, NULL if there is none:
	// aggregates.
	ColumnMin
	ColumnMax
	// ColumnFormula is computed.
	ColumnFormula
)

// Pragma is what a PRAGMA statement says. The parser knows no pragma; the program that runs the
// plan decides which exist.
type Pragma struct {
	// Name is the pragma's name in lower case (ASCII).
	Name string
	// Form tells PRAGMA name, PRAGMA name = value, and PRAGMA name(…) apart.
	Form PragmaForm
	// Args are the value, or the values in parentheses: a word or a quoted text as the
	// text it stands for, a number as it is written.
	Args []string
}

// LimitOffset works out LIMIT and OFFSET under args, where args[n-1] is parameter n.
// limit is -1 if there is no limit; offset is never negative. An argument that is not
// an integer is refused with a *BindError. It allocates only for an error.
func (p *Plan) LimitOffset(args []Value) (limit, offset int64, err error) {
	limit = -1
	if p.HasLimit {
		if limit, err = p.Limit.integer(args, "LIMIT"); err != nil {
			return 0, 0, err
		}
		limit = max(limit, -1)
	}
	if p.HasOffset {
		if offset, err = p.Offset.integer(args, "OFFSET"); err != nil {
			return 0, 0, err
		}
		offset = max(offset, 0)
	}
	return limit, offset, nil
}
