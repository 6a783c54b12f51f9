// SPDX-License-Identifier: Apache-2.0

package object

import (
	"bytes"
	"encoding/binary"
	"time"
)

// PartBytes is how much of a transaction one object holds: a longer one is cut there, and always there, so that a
// writer that begins again makes the same parts.
const PartBytes = 32 << 20

// Log is an object of the log: either whole transactions, or a part of one that is longer than PartBytes.
type Log struct {
	First uint64 // the transaction that it begins with
	Part  int    // of that transaction, if it is cut
	Last  uint64 // the newest transaction that is complete with this object; First-1 if none is
	Pos   Position
	// Whole says that the object ends with the end of a transaction. Mark says that there may be a snapshot of the
	// state after it.
	Whole, Mark bool
	Time        time.Time // when it was cut: all its transactions were committed by then
	Prev        Digest    // of the object before, or of the base
	Data        []byte    // see AppendPut
}

// SameContent reports whether two objects hold the same part of one history, whenever they were made.
func (l *Log) SameContent(m *Log) bool {
	return l.First == m.First && l.Part == m.Part && l.Last == m.Last && l.Pos.Sum == m.Pos.Sum && l.Whole == m.Whole &&
		l.Prev == m.Prev && bytes.Equal(l.Data, m.Data)
}

const (
	logWhole = 1
	logMark  = 2
)

// Encode makes the object.
func (l *Log) Encode(gen uint64, s *Sealer) ([]byte, error) {
	raw := make([]byte, 0, len(l.Data)+128)
	raw = binary.AppendUvarint(raw, l.First)
	raw = binary.AppendUvarint(raw, uint64(l.Part))
	raw = binary.AppendUvarint(raw, l.Last)
	raw = appendPosition(raw, l.Pos)
	var flags byte
	if l.Whole {
		flags |= logWhole
	}
	if l.Mark {
		flags |= logMark
	}
	raw = appendTime(append(raw, flags), l.Time)
	raw = append(raw, l.Prev[:]...)
	raw = append(raw, l.Data...)
	return Encode(KindLog, LogName(gen, l.First, l.Part), raw, s)
}

// DecodeLog reads the object.
func DecodeLog(gen, first uint64, part int, data []byte, s *Sealer) (*Log, error) {
	raw, err := Decode(KindLog, LogName(gen, first, part), data, s)
	if err != nil {
		return nil, err
	}
	f := fields{b: raw}
	l := &Log{First: f.uvarint(), Part: f.count(MaxParts), Last: f.uvarint(), Pos: f.position()}
	flags := f.byte()
	l.Whole, l.Mark = flags&logWhole != 0, flags&logMark != 0
	l.Time, l.Prev, l.Data = f.time(), f.digest(), f.b
	whole := l.Whole && l.Last >= l.First && (l.Part == 0 || l.Last == l.First)
	piece := !l.Whole && l.Last+1 == l.First && !l.Mark && len(l.Data) > 0
	if f.bad || flags&^(logWhole|logMark) != 0 || l.First != first || l.Part != part || l.Pos.Seq != l.Last || !whole && !piece {
		return nil, damaged("its fields are not those of a log object")
	}
	return l, nil
}
