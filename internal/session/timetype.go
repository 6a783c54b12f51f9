// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"time"
)

// TimeLayout writes a time so that texts order as times do. All years have four digits.
const TimeLayout = "2006-01-02T15:04:05.000000000Z"

// timeOrText returns what bytes are where the type is Time: the time.Time of which they are
// the text, or that text.
func timeOrText(b []byte) driver.Value {
	if t, ok := ParseTime(b); ok {
		return t
	}
	return string(b)
}

// ParseTime reads what an argument of type time.Time is stored as, and nothing else.
func ParseTime(b []byte) (time.Time, bool) {
	const point = len("2006-01-02T15:04:05")
	if len(b) != len(TimeLayout) || b[point] != '.' { // for which time.Parse takes a comma, too
		return time.Time{}, false
	}
	t, err := time.Parse(TimeLayout, string(b))
	return t, err == nil
}
