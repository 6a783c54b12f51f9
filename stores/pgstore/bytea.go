// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"encoding/hex"

	"github.com/jackc/pgx/v5/pgtype"
)

// byteaCodec reads bytea as text in both forms that a server may be set to (bytea_output); pgx reads one. The setting
// itself is left alone: poolers refuse it.
type byteaCodec struct{ pgtype.ByteaCodec }

var byteaType = &pgtype.Type{Name: "bytea", OID: pgtype.ByteaOID, Codec: byteaCodec{}}

// PlanScan implements pgtype.Codec.
func (c byteaCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, plain := target.(*[]byte); plain && format == pgtype.TextFormatCode {
		return scanBytea{}
	}
	return c.ByteaCodec.PlanScan(m, oid, format, target)
}

// scanBytea is the plan for text into *[]byte.
type scanBytea struct{}

// Scan implements pgtype.ScanPlan.
func (scanBytea) Scan(raw []byte, target any) (err error) {
	var value []byte
	if raw != nil {
		value, err = appendBytea(make([]byte, 0, len(raw)/2), raw)
	}
	*target.(*[]byte) = value
	return err
}

// appendBytea appends the bytes that a text stands for: \x and hexadecimal digits, or bytes as they are, where a
// backslash stands before another one or before three octal digits.
func appendBytea(dst, text []byte) ([]byte, error) {
	if digits, found := bytes.CutPrefix(text, []byte(`\x`)); found {
		return hex.AppendDecode(dst, digits)
	}
	for len(text) > 0 {
		switch {
		case text[0] != '\\':
			dst, text = append(dst, text[0]), text[1:]
		case len(text) >= 2 && text[1] == '\\':
			dst, text = append(dst, '\\'), text[2:]
		case len(text) >= 4 && text[1]&^3 == '0' && text[2]&^7 == '0' && text[3]&^7 == '0':
			dst, text = append(dst, text[1]&3<<6|text[2]&7<<3|text[3]&7), text[4:]
		default:
			return dst, errForm
		}
	}
	return dst, nil
}
