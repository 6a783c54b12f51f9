// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// TestRecordAboveAnIntIsRefused: a committed record that this process cannot hold is an
// error, and not the end of the log.
func TestRecordAboveAnIntIsRefused(t *testing.T) {
	if base.Wide == 1 {
		t.Skip("an int of 64 bits holds every record")
	}
	for _, h := range []format.LogHeader{
		{Kind: format.LogOperation, Op: format.LogWrite, N1: 1, N2: format.MaxValueLen + 1},
		{Kind: format.LogOperation, Op: format.LogWrite, N1: format.MaxKeyLen + 1, N2: 1},
		{Kind: format.LogOperation, Op: format.LogWrite, N1: format.MaxStoredLen, N2: format.MaxStoredLen},
	} {
		s := scanner{size: 1 << 33, limit: 1 << 33, direct: func(format.LogRecord) error { return nil }}
		if ok, err := s.operation(h); ok || !errors.Is(err, errs.ErrTooBig) {
			t.Errorf("key of %d, value of %d bytes: %v, %v", h.N1, h.N2, ok, err)
		}
	}
}
