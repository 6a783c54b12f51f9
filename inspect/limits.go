// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"time"
)

// Limits bound what requests may take. Zero is the default.
type Limits struct {
	// Rows is how many rows a statement returns at most, and how many keys a page has.
	Rows int
	// ResponseBytes bounds the keys and values in one response of sql, keys and tree, and what value
	// returns unless a file is requested.
	ResponseBytes int
	// CellBytes is from where on keys and values are cut in lists.
	CellBytes int
	// ScanRows is how many keys a request for keys or tree looks at.
	ScanRows int
	// StatementTime is how long the statements of a request may run, and a request for keys or tree.
	StatementTime time.Duration
	// ConnectionTime is how long a request waits for a connection of a *sql.DB.
	ConnectionTime time.Duration
	// StallTime is how long a client may take nothing of a response, or send nothing of a body, which
	// has come after ten times that. Of a copy, a check and a file, the database keeps until then what
	// is being read.
	StallTime time.Duration
	// Statements, Checks and Backups are how many requests of each kind are served at a time. One
	// more is refused with 503.
	Statements, Checks, Backups int
	// BodyBytes is how long the body of a request may be: statements, or the value of put.
	BodyBytes int
	// Bodies is how many requests with a body are served at a time. One more is refused with 503.
	Bodies int
}

// The defaults of Limits.
const (
	DefaultRows           = 1000
	DefaultResponseBytes  = 4 << 20
	DefaultCellBytes      = 1 << 10
	DefaultScanRows       = 100_000
	DefaultStatementTime  = 10 * time.Second
	DefaultConnectionTime = 5 * time.Second
	DefaultStallTime      = time.Minute
	DefaultStatements     = 4
	DefaultChecks         = 1
	DefaultBackups        = 1
	DefaultBodyBytes      = 16 << 20
	DefaultBodies         = 8
)

func (l Limits) orDefaults() Limits {
	return Limits{
		Rows:           cmp.Or(l.Rows, DefaultRows),
		ResponseBytes:  cmp.Or(l.ResponseBytes, DefaultResponseBytes),
		CellBytes:      cmp.Or(l.CellBytes, DefaultCellBytes),
		ScanRows:       cmp.Or(l.ScanRows, DefaultScanRows),
		StatementTime:  cmp.Or(l.StatementTime, DefaultStatementTime),
		ConnectionTime: cmp.Or(l.ConnectionTime, DefaultConnectionTime),
		StallTime:      cmp.Or(l.StallTime, DefaultStallTime),
		Statements:     cmp.Or(l.Statements, DefaultStatements),
		Checks:         cmp.Or(l.Checks, DefaultChecks),
		Backups:        cmp.Or(l.Backups, DefaultBackups),
		BodyBytes:      cmp.Or(l.BodyBytes, DefaultBodyBytes),
		Bodies:         cmp.Or(l.Bodies, DefaultBodies),
	}
}
