// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/xo/dburl"
	"github.com/xo/usql/drivers"
	"github.com/xo/usql/drivers/metadata"
)

// init tells usql about the driver, and about URLs such as lsmlite:data.lsm?safety=full,
// lsmlite:///var/data.lsm, and lsmlite::memory:.
func init() {
	dburl.Register(dburl.Scheme{
		Driver:    lsmlite.DriverName,
		Generator: dataSourceName,
		Opaque:    true,
		Aliases:   []string{"lsm"},
	})
	drivers.Register(lsmlite.DriverName, drivers.Driver{
		AllowMultilineComments: true,
		Process:                process,
		Version:                version,
		User:                   func(context.Context, drivers.DB) (string, error) { return "", nil },
		NewMetadataReader: func(drivers.DB, ...metadata.ReaderOption) metadata.Reader {
			return catalog{}
		},
		Copy: drivers.CopyWithInsert(func(int) string { return "?" }),
	})
}

// dataSourceName is the part of the URL that the driver reads. Values are text unless
// the URL says otherwise, because usql is there to be read by people.
func dataSourceName(u *dburl.URL) (dsn, driver string, err error) {
	if u.Opaque == "" {
		return "", "", dburl.ErrMissingPath
	}
	query := u.Query()
	for _, name := range []string{"key_type", "value_type"} {
		if !query.Has(name) {
			query.Set(name, "text")
		}
	}
	return u.Opaque + "?" + query.Encode(), "", nil
}

// plans keeps what process parsed.
var plans parser.Cache

// process decides whether a text has results, and how usql names it. It refuses
// statements that begin and end transactions: usql runs each text on a connection of the
// pool, so they would have no effect on the texts around them.
func process(_ *dburl.URL, prefix, text string) (kind, _ string, isQuery bool, err error) {
	kind, isQuery = drivers.QueryExecType(prefix, text)
	parsed, err := plans.Get(text)
	if err != nil {
		return kind, text, isQuery, nil // the driver says it again
	}
	for _, p := range parsed {
		switch p.Op {
		case parser.OpBegin:
			return "", "", false, errors.New(`use \begin; BEGIN would run on a connection of its own`)
		case parser.OpCommit, parser.OpRollback:
			return "", "", false, fmt.Errorf(`use \commit or \rollback; %s does not end a transaction of usql`, kind)
		}
		if len(p.Columns) > 0 {
			isQuery = true
		}
	}
	return kind, text, isQuery, nil
}

// version tells which engine it is, and with which safety it writes.
func version(ctx context.Context, db drivers.DB) (string, error) {
	var safety sql.NullString
	err := db.QueryRowContext(ctx, "PRAGMA safety").Scan(&safety)
	return "lsmlite, safety=" + safety.String, err
}
