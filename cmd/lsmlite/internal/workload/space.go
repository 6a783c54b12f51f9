// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

const (
	// rowOverhead is what a row takes in the file besides its key and value, at most, on average.
	rowOverhead = 16
	// logSpace is for logs, and for what waits to be merged in a small database.
	logSpace = 256 << 20
	// growth is how many times the rows a file may take that is written to at random: what is merged is
	// there twice for a while, and old versions wait to be merged.
	growth = 3
)

// space is how many bytes the run may take on the disk.
func (p *plan) space() int64 {
	rows := int64(p.Rows) * int64(p.KeySize+p.ValueSize+rowOverhead)
	files := int64(growth)
	if p.needsBase() {
		files++ // next to the one with all rows, which is merged when it is copied
	}
	return files*rows + logSpace
}

// checkSpace refuses a run that the disk may have no room for, as far as the system says how much it has.
func (p *plan) checkSpace() error {
	free, known, err := machine.FreeBytes(p.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return env.Errorf(env.CannotOpen, "--dir: there is no folder %s", p.Dir)
	}
	if err != nil || !known {
		return err
	}
	return enough(p.Dir, free, p.space())
}

func enough(dir string, free, need int64) error {
	if free >= need {
		return nil
	}
	return env.Errorf(env.IO, "the disk with %s has %d MiB free, and this run may take %d MiB: choose fewer --rows, or another --dir",
		dir, free>>20, need>>20)
}

// copyFolder copies the files of a closed database into a folder that is empty, and syncs them, so that
// writing them out is over when the measurement begins.
func copyFolder(ctx context.Context, to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := copyFile(ctx, filepath.Join(to, e.Name()), filepath.Join(from, e.Name())); err != nil {
			return fmt.Errorf("copy the database with all rows: %w", err)
		}
	}
	return nil
}

func copyFile(ctx context.Context, to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for {
		_, err := io.CopyN(out, in, 4<<20)
		if errors.Is(err, io.EOF) {
			return out.Sync()
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}
