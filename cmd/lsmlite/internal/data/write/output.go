// SPDX-License-Identifier: Apache-2.0

package write

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// OutputBuffer is how much is written to a file at once.
const OutputBuffer = 256 << 10

// Output is a file that is being written, or standard output.
type Output struct {
	*bufio.Writer
	name string
	file *os.File // nil: standard output
}

// PartSuffix is what the name of a file has until it is whole.
const PartSuffix = "-part"

// Create begins the file name; "-" is stdout. The file must not exist, unless force is set; until Close
// it has another name.
func Create(name string, stdout io.Writer, force bool) (*Output, error) {
	if name == "-" {
		return &Output{Writer: bufio.NewWriterSize(stdout, OutputBuffer)}, nil
	}
	if !force {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%s exists; --force replaces it: %w", name, fs.ErrExist), err)
		}
	}
	f, err := os.OpenFile(name+PartSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &Output{Writer: bufio.NewWriterSize(f, OutputBuffer), name: name, file: f}, nil
}

// Close makes the file durable and gives it its name.
func (o *Output) Close() error {
	err := o.Flush()
	if o.file == nil {
		return err
	}
	if err == nil {
		err = o.file.Sync()
	}
	err = errors.Join(err, o.file.Close())
	if err == nil {
		err = os.Rename(o.name+PartSuffix, o.name)
	}
	if err != nil {
		_ = os.Remove(o.name + PartSuffix)
		return err
	}
	return vfs.OS.SyncDir(o.name)
}

// Abort removes the file.
func (o *Output) Abort() {
	_ = o.Flush() // what standard output gets is cut short, at a place that the error explains
	if o.file != nil {
		_ = o.file.Close()
		_ = os.Remove(o.name + PartSuffix)
	}
}
