// SPDX-License-Identifier: Apache-2.0

package write

import (
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Database writes rows into a new lsm1 file of one segment.
type Database struct{ b *engine.Builder }

// NewDatabase begins a file.
func NewDatabase(path string, o engine.Options) (*Database, error) {
	canonical, err := vfs.OS.Canonical(path)
	if err == nil {
		err = outfile.Name(vfs.OS, canonical)
	}
	if err != nil {
		return nil, err
	}
	b, err := engine.NewBuilder(path, o)
	return &Database{b}, err
}

// Row implements Sink.
func (d *Database) Row(key, value []byte) error { return d.b.Add(key, value) }

// Close implements Sink.
func (d *Database) Close() error { return d.b.Finish(context.Background()) }

// Abort implements Sink.
func (d *Database) Abort() { d.b.Discard() }
