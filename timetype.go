package lsmlite

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// timeOrText returns what bytes are where the type is TypeTime: the time.Time of which they are
// the text, or that text.
func timeOrText(b []byte) driver.Value {
	if t, ok := parseTime(b); ok {
		return t
	}
	return string(b)
}

// parseTime reads what an argument of type time.Time is stored as, and nothing else.
func parseTime(b []byte) (time.Time, bool) {
	const point = len("2006-01-02T15:04:05")
	if len(b) != len(timeLayout) || b[point] != '.' { // for which time.Parse takes a comma, too
		return time.Time{}, false
	}
	t, err := time.Parse(timeLayout, string(b))
	return t, err == nil
}

// ScanTime returns a destination for Rows.Scan that reads back what an argument of type
// time.Time was stored as, whatever key_type and value_type are:
//
//	var t time.Time
//	err := db.QueryRow("SELECT value FROM kv WHERE key = ?", key).Scan(lsmlite.ScanTime(&t))
//
// The time is the same instant, in UTC. Bytes that are no such text are an error, and so is
// NULL, except for a sql.NullTime. With value_type=time, or key_type=time for keys, Scan needs
// no help.
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
		t, ok = parseTime(src)
	case string:
		t, ok = parseTime(bytesOf(src))
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
	return misusef("scan", "%s is not what a time.Time is stored as, %s", shownValue(src), timeLayout)
}

// shownValue shows a value in an error.
func shownValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("%q", v[:min(len(v), maxQuotedKeyBytes)])
	case string:
		return fmt.Sprintf("%q", v[:min(len(v), maxQuotedKeyBytes)])
	}
	return fmt.Sprint(v)
}
