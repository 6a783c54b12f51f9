// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io"
	"os"
)

// Lister is the ability of an FS to list what is in a folder.
type Lister interface {
	// List returns the names of what is in the folder, at most that many, in no order. The error
	// is errors.ErrUnsupported if that cannot be found out.
	List(folder string, most int) ([]string, error)
}

// List implements Lister.
func (osFS) List(folder string, most int) ([]string, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(max(most, 1))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}
