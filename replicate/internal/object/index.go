// SPDX-License-Identifier: Apache-2.0

package object

import (
	"encoding/binary"
	"time"
)

// MaxIndexParts is how many parts a snapshot has at most: about 16 TB of rows.
const MaxIndexParts = 1_000_000

// Index lists the parts of a snapshot: it is made when they are all there, so a snapshot with an index is complete.
type Index struct {
	Pos   Position  // the commit whose state it is
	Time  time.Time // when it was taken
	Rows  uint64
	Bytes uint64 // of the stream of rows
	Sum   Digest // of the stream of rows: see AppendRow
	Log   Digest // of the log object that ends with that commit, or of the base
	Parts []IndexPart
}

// IndexPart is a part of a snapshot.
type IndexPart struct {
	Digest Digest // of the object
	Stored uint64 // its length
}

// StoredBytes is the length of all parts.
func (x *Index) StoredBytes() (n int64) {
	for _, p := range x.Parts {
		n += int64(p.Stored)
	}
	return n
}

// Encode makes the object.
func (x *Index) Encode(id SnapshotID, s *Sealer) ([]byte, error) {
	raw := appendPosition(nil, x.Pos)
	raw = appendTime(raw, x.Time)
	raw = binary.AppendUvarint(raw, x.Rows)
	raw = binary.AppendUvarint(raw, x.Bytes)
	raw = append(append(raw, x.Sum[:]...), x.Log[:]...)
	raw = binary.AppendUvarint(raw, uint64(len(x.Parts)))
	for _, p := range x.Parts {
		raw = append(raw, p.Digest[:]...)
		raw = binary.AppendUvarint(raw, p.Stored)
	}
	return Encode(KindIndex, id.Index(), raw, s)
}

// DecodeIndex reads the object.
func DecodeIndex(id SnapshotID, data []byte, s *Sealer) (*Index, error) {
	raw, err := Decode(KindIndex, id.Index(), data, s)
	if err != nil {
		return nil, err
	}
	f := fields{b: raw}
	x := &Index{Pos: f.position(), Time: f.time(), Rows: f.uvarint(), Bytes: f.uvarint(), Sum: f.digest(), Log: f.digest()}
	n := f.count(MaxIndexParts)
	if f.bad || n > len(f.b)/(sumBytes+1) {
		return nil, damaged("its fields are not those of an index")
	}
	x.Parts = make([]IndexPart, n)
	for i := range x.Parts {
		x.Parts[i] = IndexPart{Digest: f.digest(), Stored: f.uvarint()}
	}
	if !f.end() || x.Pos.Seq != id.Seq {
		return nil, damaged("its fields are not those of an index")
	}
	return x, nil
}
