// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/session"
)

// ScanTime returns a destination for Rows.Scan that reads a stored time.Time, with any key_type
// and value_type:
//
//	var t time.Time
//	err := db.QueryRow("SELECT value FROM kv WHERE key = ?", key).Scan(lsmlite.ScanTime(&t))
//
// The time is the same instant, in UTC. Bytes that are not such a text are an error. So is NULL,
// except for a sql.NullTime. With value_type=time, or key_type=time for keys, Scan needs no help.
func ScanTime[T time.Time | sql.NullTime](dest *T) sql.Scanner { return timeScanner[T]{dest} }

type timeScanner[T time.Time | sql.NullTime] struct{ dest *T }

// Scan is called by Rows.Scan.
func (s timeScanner[T]) Scan(src any) error {
	var t time.Time
	ok, null := false, false
	switch src := src.(type) {
	case time.Time:
		t, ok = src, true
	case []byte:
		t, ok = session.ParseTime(src)
	case string:
		t, ok = session.ParseTime([]byte(src))
	case nil:
		null = true
	}
	switch dest := any(s.dest).(type) {
	case *time.Time:
		if ok {
			*dest = t
			return nil
		}
	case *sql.NullTime:
		if ok || null {
			*dest = sql.NullTime{Time: t, Valid: ok}
			return nil
		}
	}
	return misusef("scan", "%s is not what a time.Time is stored as, %s", shownValue(src), session.TimeLayout)
}

// maxShownBytes is how much of a value an error shows.
const maxShownBytes = 64

// shownValue shows a value in an error.
func shownValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("%q", v[:min(len(v), maxShownBytes)])
	case string:
		return fmt.Sprintf("%q", v[:min(len(v), maxShownBytes)])
	}
	return fmt.Sprint(v)
}
