// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

// open connects to the server that u names, and makes sure that the tables are there.
func open(ctx context.Context, u *url.URL, set store.Settings) (*remote, error) {
	rest, o, err := split(u)
	if err != nil {
		return nil, &errs.Error{Code: errs.CodeMisuse, Op: "open", Path: "postgres", Detail: err.Error()}
	}
	o.create, o.readOnly = set.Create && !set.ReadOnly, set.ReadOnly
	switch safety := set.Values["safety"]; safety {
	case "":
	case "full":
		o.commit = "on"
	case "normal":
		o.commit = "off"
	default:
		return nil, &errs.Error{Code: errs.CodeMisuse, Op: "open", Path: "postgres",
			Detail: "safety=" + safety + " is for files; with full a commit waits until it is durable, with normal it does not, " +
				"and without the setting the server decides"}
	}
	pool, p, err := poolOf(rest, &o)
	if err != nil {
		return nil, err
	}
	s := &conns{place: p, pool: pool, o: o, sql: newTexts(o.table), sizes: &sizes{},
		slots: make(chan struct{}, pool.Config().MaxConns), grace: grace, outcomeLimit: outcomeLimit, restTime: restTime}
	err = s.once(ctx, "open", func(c *pgx.Conn) error { return prepare(ctx, c, p, &o) })
	if err != nil {
		pool.Close()
		return nil, err
	}
	w := &writing{conns: s}
	if !o.many {
		w.turn = make(chan struct{}, 1)
	}
	return &remote{writing: w}, nil
}
