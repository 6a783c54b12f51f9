// SPDX-License-Identifier: Apache-2.0

// Package pragma has the PRAGMAs that are no settings: what each is called, what it takes,
// what it reads or does. All of them are rows of one table.
//
// A session runs them, after it has looked for a setting of that name; a PRAGMA reaches the
// database through the optional interfaces of package store, and is refused by a store that
// does not have them. The package keeps nothing between calls, so any goroutine may call it
// with a [Call] of its own.
package pragma

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// Kind is what a PRAGMA is for.
type Kind uint8

// The kinds, in the order of the page that describes them.
const (
	Shows Kind = iota // tells about the database and changes nothing
	Works             // changes or copies the file
)

// A Pragma is a row of the table.
type Pragma struct {
	Name string
	// Args shows the arguments, as "(n)"; empty if there are none.
	Args string
	Kind Kind
	// Help says what the rows are or what is done, in the words of docs/dialect.md.
	Help string

	minArgs, maxArgs int
	run              runFunc
}

type runFunc func(ctx context.Context, c *Call, args []string) (*Table, error)

// usage shows how the PRAGMA is written.
func (p *Pragma) usage() string {
	if p.minArgs < p.maxArgs {
		return p.Name + " or " + p.Name + p.Args
	}
	return p.Name + p.Args
}

// A Call is for whom a PRAGMA runs.
type Call struct {
	// Store is the database. What it offers beyond statements is found out.
	Store store.Store
	// Path is the canonical name of the database's file; empty if it is in memory.
	Path string
	// ReadOnly says that the connection may not write, and Writing that it is in a
	// transaction that may.
	ReadOnly, Writing bool
}

// Run runs the PRAGMA. Its errors are ErrMisuse, if the call makes no sense, ErrReadOnly, and
// whatever the store fails with.
func (p *Pragma) Run(ctx context.Context, c *Call, args []string) (*Table, error) {
	if n := len(args); n < p.minArgs || n > p.maxArgs {
		return nil, misusef("%s does not take %d arguments: PRAGMA %s: %s", p.Name, n, p.usage(), p.Help)
	}
	return p.run(ctx, c, args)
}

// maintainer returns what PRAGMA needs beyond statements.
func (c *Call) maintainer() (store.Maintainer, error) {
	m, ok := c.Store.(store.Maintainer)
	if !ok {
		return nil, notOffered()
	}
	return m, nil
}

// mayMaintain refuses maintenance where it would wait for the caller's own transaction.
func (c *Call) mayMaintain() error {
	if c.ReadOnly {
		return &errs.Error{Code: errs.CodeReadOnly, Op: "pragma", Detail: "the connection is read-only (mode=ro)"}
	}
	return c.notWriting()
}

func (c *Call) notWriting() error {
	if c.Writing {
		return misusef("it cannot run in a transaction that may write; commit first")
	}
	return nil
}

func notOffered() error { return misusef("this store does not offer it") }

// misusef makes the error of a PRAGMA that cannot be meant as it was written.
func misusef(format string, args ...any) error {
	return &errs.Error{Code: errs.CodeMisuse, Op: "pragma", Detail: fmt.Sprintf(format, args...)}
}

// Table is the result of a PRAGMA, all of it.
type Table struct {
	Columns []string
	Rows    [][]driver.Value
}

// OneValue is a table of one column and one row.
func OneValue(column string, v driver.Value) *Table {
	return &Table{Columns: []string{column}, Rows: [][]driver.Value{{v}}}
}

func (t *Table) add(row ...driver.Value) { t.Rows = append(t.Rows, row) }
