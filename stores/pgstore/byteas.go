// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// byteas is a bytea[], none of it NULL, as an argument of a statement. What pgx makes of a [][]byte is the same, but an
// allocation for each element and several for the whole, which is what a transaction of many rows mostly
// does on the side of the program.
type byteas [][]byte

// byteasCodec writes byteas. Everything else is that of pgx.
type byteasCodec struct{ *pgtype.ArrayCodec }

var byteasType = &pgtype.Type{
	Name: "_bytea", OID: pgtype.ByteaArrayOID, Codec: byteasCodec{&pgtype.ArrayCodec{ElementType: byteaType}},
}

// registerBytes has a connection read and write bytea as this package does.
func registerBytes(m *pgtype.Map) {
	m.RegisterType(byteaType)
	m.RegisterType(byteasType)
	m.RegisterDefaultPgType(byteas(nil), byteasType.Name) // for the simple protocol, where the server says no type
}

// PlanEncode implements pgtype.Codec.
func (c byteasCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	a, ok := value.(byteas)
	switch {
	case !ok:
		return c.ArrayCodec.PlanEncode(m, oid, format, value)
	case format == pgtype.BinaryFormatCode:
		return encodeByteas{}
	}
	plain := c.ArrayCodec.PlanEncode(m, oid, format, [][]byte(a))
	if plain == nil {
		return nil
	}
	return encodePlain{plain}
}

// encodePlain is the plan of pgx.
type encodePlain struct{ pgtype.EncodePlan }

// Encode implements pgtype.EncodePlan.
func (p encodePlain) Encode(value any, dst []byte) ([]byte, error) {
	return p.EncodePlan.Encode([][]byte(value.(byteas)), dst)
}

// encodeByteas is the plan for byteas in the binary form: the numbers of dimensions and of NULLs and the type of the
// elements, for a dimension its length and the first index, then each element with its length before it.
type encodeByteas struct{}

// Encode implements pgtype.EncodePlan.
func (encodeByteas) Encode(value any, dst []byte) ([]byte, error) {
	const head, perElement = 20, 4
	a := value.(byteas)
	size := head + perElement*len(a)
	for _, b := range a {
		size += len(b)
	}
	dst = slices.Grow(dst, size)
	number := func(n int) { dst = binary.BigEndian.AppendUint32(dst, uint32(n)) }
	number(1)
	number(0)
	number(pgtype.ByteaOID)
	number(len(a))
	number(1)
	for _, b := range a {
		number(len(b))
		dst = append(dst, b...)
	}
	return dst, nil
}
