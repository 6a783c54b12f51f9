// SPDX-License-Identifier: Apache-2.0

package sqlkv

import (
	"database/sql"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// writer is a connection with the statements that write.
type writer struct {
	conn                     *sql.Conn
	begin, commit, rollback  *sql.Stmt
	put, remove, deleteRange *sql.Stmt
}

func newWriter(db *sql.DB) (*writer, error) {
	conn, err := db.Conn(background)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.begin, Begin},
		{&w.commit, Commit},
		{&w.rollback, Rollback},
		{&w.put, Put},
		{&w.remove, Remove},
		{&w.deleteRange, DeleteRange},
	} {
		if *p.stmt, err = conn.PrepareContext(background, p.text); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return w, nil
}

// write runs a single change without BEGIN, as a program would.
func (w *writer) write(ops []kv.Op) error {
	if len(ops) == 1 {
		return w.change(ops[0])
	}
	if _, err := w.begin.Exec(); err != nil {
		return err
	}
	for i := range ops {
		if err := w.change(ops[i]); err != nil {
			w.rollback.Exec()
			return err
		}
	}
	_, err := w.commit.Exec()
	return err
}

func (w *writer) change(op kv.Op) (err error) {
	if op.Delete {
		_, err = w.remove.Exec(op.Key)
	} else {
		_, err = w.put.Exec(op.Key, op.Value)
	}
	return err
}
