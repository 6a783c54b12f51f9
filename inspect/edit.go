// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"net/http"

	"github.com/lsmlite/lsmlite-go/engine"
)

// editMessage says what an edit has done.
type editMessage struct {
	Found bool // the key was there before
}

// servePut sets the value of a key.
func (in *Inspector) servePut(q *request) error {
	return in.edit(q, func(tx *engine.Tx, key []byte) error { return tx.Put(key, q.body) })
}

// serveDelete deletes a key.
func (in *Inspector) serveDelete(q *request) error { return in.edit(q, (*engine.Tx).Delete) }

// edit changes a key in a transaction of its own.
func (in *Inspector) edit(q *request, change func(*engine.Tx, []byte) error) error {
	if !in.mayWrite(q.db) {
		return refusef(http.StatusForbidden, "the database is shown for reading only; Options.Write, or lsmlite serve --write, allows to write")
	}
	ctx, cancel := in.timed(q)
	defer cancel()
	var m editMessage
	err := q.db.Update(ctx, func(tx *engine.Tx) error {
		c, err := tx.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		key, err := in.keyParam(ctx, q, c)
		if err != nil {
			return err
		}
		if _, m.Found, err = tx.ValueLen(key); err != nil {
			return err
		}
		return change(tx, key)
	})
	if err != nil {
		if ctx.Err() != nil && q.r.Context().Err() == nil {
			return refusef(http.StatusServiceUnavailable, "limit StatementTime: another transaction has the writer's turn for %v", in.limits.StatementTime)
		}
		return err
	}
	return q.json(http.StatusOK, m)
}
