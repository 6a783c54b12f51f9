// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// BenchmarkValidatePage looks through a full page of records with 16 bytes of key and 100 of value.
func BenchmarkValidatePage(b *testing.B) {
	page := make(format.Page, 4096)
	var l format.LeafBuilder
	l.Reset(page)
	record := make([]byte, 116)
	for l.Fits(format.ShortHeader) {
		l.StartCell(base.Insert, 16, 100)
		l.Body(record)
	}
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if err := format.ValidatePage(page); err != nil {
			b.Fatal(err)
		}
	}
}
