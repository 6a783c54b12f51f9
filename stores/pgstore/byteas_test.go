// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// TestByteas: what is sent is what pgx would send.
func TestByteas(t *testing.T) {
	m := pgtype.NewMap()
	plain := func(format int16, a [][]byte) []byte {
		b, err := m.Encode(pgtype.ByteaArrayOID, format, a, []byte("before"))
		ok(t, err)
		return b
	}
	ours := pgtype.NewMap()
	registerBytes(ours)
	for _, a := range [][][]byte{{}, {{}}, {[]byte("a")}, {[]byte("a"), {}, {0, 1, 0xff, '"', '\\', ','}}, slicesOf(300)} {
		for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
			want := plain(format, a)
			for _, value := range []any{a, byteas(a)} {
				got, err := ours.Encode(pgtype.ByteaArrayOID, format, value, []byte("before"))
				if !bytes.Equal(got, want) || err != nil {
					t.Errorf("%T of %d elements in format %d: %q, %v; want %q", value, len(a), format, got, err, want)
				}
			}
		}
	}
	buffer := make([]byte, 0, 1<<20)
	a := byteas(slicesOf(300))
	if n := testing.AllocsPerRun(10, func() { _, _ = ours.Encode(pgtype.ByteaArrayOID, pgtype.BinaryFormatCode, a, buffer) }); n > 3 {
		t.Errorf("%v allocations for 300 elements", n)
	}
}

// slicesOf is 0 to n-1 bytes.
func slicesOf(n int) (all [][]byte) {
	for i := range n {
		all = append(all, bytes.Repeat([]byte{byte(i)}, i))
	}
	return all
}
