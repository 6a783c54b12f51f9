// SPDX-License-Identifier: Apache-2.0

package read

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/internal/dump"
)

// Dump is a Source of the rows of a dump.
type Dump struct {
	in *Input
	r  *dump.Reader
}

// NewDump returns the rows of an input that is a dump.
func NewDump(in *Input) (*Dump, error) {
	r, err := dump.NewReader(in.buf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return &Dump{in: in, r: r}, nil
}

// Next implements Source.
func (d *Dump) Next() (row.Row, error) {
	key, value, err := d.r.Next()
	if err != nil {
		return row.Row{}, inInput(d.in.Name, err)
	}
	return row.Row{Key: key, Value: value}, nil
}

// Offset implements Source.
func (d *Dump) Offset() int64 { return d.r.Offset() }

// Size implements Sized.
func (d *Dump) Size() int64 { return d.in.Size() }

// Close implements Source.
func (d *Dump) Close() error { return d.in.Close() }
