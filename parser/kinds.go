// SPDX-License-Identifier: Apache-2.0

package parser

// Op says what a Plan does.
type Op uint8

// The operations. A Plan's Op decides which of its other fields mean anything; each
// field names the operations that use it.
const (
	// OpSelect reads rows, or computes one row without the table (see Plan.Table).
	OpSelect Op = iota + 1
	// OpInsert writes Plan.Rows.
	OpInsert
	// OpDelete deletes the rows that Plan.Keys and Plan.Filter select.
	OpDelete
	// OpCreate is CREATE TABLE IF NOT EXISTS kv. It does nothing.
	OpCreate
	// OpPragma reads or changes a setting, or runs a command, named by Plan.Pragma.
	OpPragma
	// OpBegin opens a transaction in the mode Plan.TxMode.
	OpBegin
	// OpCommit commits the transaction and every savepoint in it.
	OpCommit
	// OpRollback undoes the whole transaction.
	OpRollback
	// OpSavepoint opens the savepoint Plan.Savepoint.
	OpSavepoint
	// OpRelease merges Plan.Savepoint and every later one into the level below.
	OpRelease
	// OpRollbackTo goes back to the state at Plan.Savepoint, which stays open.
	OpRollbackTo
	// OpUpdate sets the value of the rows that Plan.Keys and Plan.Filter select to
	// Plan.Set.
	OpUpdate
	// OpExplain shows how Plan.Explained would run, without running it; see
	// Plan.Explain.
	OpExplain
)

// Action says what INSERT does with a key that already exists.
type Action uint8

const (
	// Replace overwrites the old value. It is the default.
	Replace Action = iota
	// Ignore keeps the old row and does not count the one given.
	Ignore
	// Abort refuses the statement and undoes what it has written.
	Abort
	// DoUpdate sets the value of the old row to Plan.Set.
	DoUpdate
)

// TxMode is the word after BEGIN.
type TxMode uint8

const (
	// TxDefault is BEGIN without a mode.
	TxDefault TxMode = iota
	// TxDeferred is BEGIN DEFERRED.
	TxDeferred
	// TxImmediate is BEGIN IMMEDIATE.
	TxImmediate
	// TxExclusive is BEGIN EXCLUSIVE.
	TxExclusive
)

// PragmaForm is the shape of a PRAGMA statement.
type PragmaForm uint8

const (
	// PragmaPlain is PRAGMA name.
	PragmaPlain PragmaForm = iota
	// PragmaAssign is PRAGMA name = value.
	PragmaAssign
	// PragmaCall is PRAGMA name(value, …).
	PragmaCall
)
