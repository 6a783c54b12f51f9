// SPDX-License-Identifier: Apache-2.0

package write

import "github.com/lsmlite/lsmlite-go/internal/dump"

// Dump writes rows as a dump.
type Dump struct {
	out *Output
	*dump.Writer
}

// NewDump begins a dump.
func NewDump(out *Output) *Dump { return &Dump{out: out, Writer: dump.NewWriter(out)} }

// Close implements Sink.
func (d *Dump) Close() error {
	if err := d.Writer.Close(); err != nil {
		d.out.Abort()
		return err
	}
	return d.out.Close()
}

// Abort implements Sink: without its end, nobody takes a dump for a whole one.
func (d *Dump) Abort() { d.out.Abort() }
