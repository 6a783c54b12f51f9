// SPDX-License-Identifier: Apache-2.0

package read

import (
	"context"
	"errors"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Database is a Source of the rows of an lsm1 file, in the order of their keys, as one state shows them.
type Database struct {
	db   *env.Database
	c    *engine.Cursor
	keys row.Range
	on   bool // the cursor is on the row before the next one
	rows int64
}

// NewDatabase returns the rows of a database whose keys are in a range. It takes over the database.
func NewDatabase(ctx context.Context, db *env.Database, keys row.Range) (*Database, error) {
	c, err := db.Engine.Cursor(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Database{db: db, c: c, keys: keys}, nil
}

// Next implements Source.
func (d *Database) Next() (row.Row, error) {
	ok := false
	if d.on {
		ok = d.c.Next()
	} else {
		ok, d.on = d.c.Seek(d.keys.From, engine.SeekGE), true
	}
	if !ok || !d.keys.Has(d.c.Key()) {
		if err := d.c.Err(); err != nil {
			return row.Row{}, err
		}
		return row.Row{}, io.EOF
	}
	value, err := d.c.Value()
	if err != nil {
		return row.Row{}, err
	}
	d.rows++
	return row.Row{Key: d.c.Key(), Value: value}, nil
}

// Offset implements Source: it is the number of rows.
func (d *Database) Offset() int64 { return d.rows }

// Close implements Source.
func (d *Database) Close() error { return errors.Join(d.c.Close(), d.db.Close()) }
