// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
)

// output is where a picture goes: a file, or standard output if its name is -.
type output struct {
	io.Writer
	file *outfile.File // nil: standard output
}

// create begins an output. A picture shows keys of rows, so its file is the owner's as the database is.
func (s Structure) create(e *env.Env, path string, from []string) (*output, error) {
	if path == "-" {
		return &output{Writer: e.Stdout}, nil
	}
	f, err := outfile.Create(path, outfile.Options{Force: s.Force, Perm: 0o600, Keep: from})
	if err != nil {
		return nil, err
	}
	return &output{Writer: f, file: f}, nil
}

// finish writes all of the output.
func (o *output) finish(data []byte) error {
	if _, err := o.Write(data); err != nil || o.file == nil {
		return err
	}
	return o.file.Commit()
}

// abort removes what is not finished.
func (o *output) abort() {
	if o.file != nil {
		o.file.Abort()
	}
}
