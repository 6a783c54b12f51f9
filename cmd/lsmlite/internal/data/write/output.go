// SPDX-License-Identifier: Apache-2.0

package write

import (
	"bufio"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
)

// OutputBuffer is how much is written to a file at once.
const OutputBuffer = 256 << 10

// Output is a file that is being written, or standard output.
type Output struct {
	*bufio.Writer
	file *outfile.File // nil: standard output
}

// Place is where an Output goes.
type Place struct {
	Name  string // of a file; "-" is standard output
	Force bool   // a file that is there may be replaced
	From  string // the database that is exported, which is not replaced
}

// Create begins an output. Until Close a file has another name.
func Create(to Place, stdout io.Writer) (*Output, error) {
	if to.Name == "-" {
		return &Output{Writer: bufio.NewWriterSize(stdout, OutputBuffer)}, nil
	}
	f, err := outfile.Create(to.Name, outfile.Options{Force: to.Force, Perm: 0o600, Keep: []string{to.From}})
	if err != nil {
		return nil, err
	}
	return &Output{Writer: bufio.NewWriterSize(f, OutputBuffer), file: f}, nil
}

// Close makes the file durable and gives it its name.
func (o *Output) Close() error {
	err := o.Flush()
	if o.file == nil {
		return err
	}
	if err != nil {
		o.file.Abort()
		return err
	}
	return o.file.Commit()
}

// Abort removes the file.
func (o *Output) Abort() {
	_ = o.Flush() // what standard output gets is cut short, at a place that the error explains
	if o.file != nil {
		o.file.Abort()
	}
}
