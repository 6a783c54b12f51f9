// SPDX-License-Identifier: Apache-2.0

// Package outtest helps to test the readers of other engines.
package outtest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/internal/dump"
)

// Rows returns the rows that read puts out. No key may come twice.
func Rows(t *testing.T, read func(*out.Writer) error) map[string]string {
	t.Helper()
	var b bytes.Buffer
	w := out.New(&b)
	if err := errors.Join(read(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := dump.NewReader(&b)
	rows := make(map[string]string)
	for err == nil {
		var k, v []byte
		if k, v, err = r.Next(); err != nil {
			break
		}
		if old, found := rows[string(k)]; found {
			t.Errorf("the key %q comes twice, with %q and %q", k, old, v)
		}
		rows[string(k)] = string(v)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return rows
}
