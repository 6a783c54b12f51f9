// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Position is a moment in the history of a database: that after one of its commits. A program that reads changes
// keeps it, as text or by its fields, and goes on from it later, also in another process.
//
// What it is by is Sum, the checksum of the log up to there, which goes on through checkpoints, through closing and
// opening, and which no other history has. Off is where in the log file that was, to look there first. Seq counts
// transactions: those of a stream from where it began, those of a snapshot since the database was opened. So Seq
// puts the positions of one stream in order, and Same compares any two. The zero Position is that of no moment.
type Position struct {
	Seq uint64
	Off int64
	Sum [2]uint32
}

// Same reports whether two positions are the same moment.
func (p Position) Same(q Position) bool { return p.Sum == q.Sum }

// IsZero reports whether the position is that of no moment.
func (p Position) IsZero() bool { return p == Position{} }

// String returns the position as text: the number of transactions, the offset, and 16 hex digits, with dots between.
func (p Position) String() string {
	return fmt.Sprintf("%d.%d.%08x%08x", p.Seq, p.Off, p.Sum[0], p.Sum[1])
}

// MarshalText returns what String does.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String returned, and nothing else.
func (p *Position) UnmarshalText(b []byte) error {
	q, err := ParsePosition(string(b))
	if err == nil {
		*p = q
	}
	return err
}

// ParsePosition reads what Position.String returned, and nothing else.
func ParsePosition(s string) (Position, error) {
	var p Position
	parts := strings.Split(s, ".")
	if len(parts) == 3 {
		seq, err1 := strconv.ParseUint(parts[0], 10, 64)
		off, err2 := strconv.ParseInt(parts[1], 10, 64)
		sum, err3 := strconv.ParseUint(parts[2], 16, 64)
		p = Position{Seq: seq, Off: off, Sum: [2]uint32{uint32(sum >> 32), uint32(sum)}}
		if err1 == nil && err2 == nil && err3 == nil && off >= 0 && p.String() == s {
			return p, nil
		}
	}
	return Position{}, &Error{Code: CodeMisuse, Op: "position",
		Detail: fmt.Sprintf("%q; want two numbers and 16 hex digits, with dots between", errs.Cut(s))}
}

// positionOf returns a place in the log as a position, of which the number is seq.
func positionOf(p *format.LogPlace, seq uint64) Position {
	return Position{Seq: seq, Off: p.Off, Sum: [2]uint32{p.Sum.S0, p.Sum.S1}}
}

// Position returns the position of the newest commit that the snapshot shows: DB.Changes goes on after it. A snapshot
// of a database without commits has one, too. That of a closed snapshot is the zero Position.
func (s *Snapshot) Position() Position {
	if s.pin.state == nil {
		return Position{}
	}
	end := &s.pin.state.End
	return positionOf(end, end.Seq)
}
