// SPDX-License-Identifier: Apache-2.0

//go:build lsmlite_small

package engine

// letRead lets no other process read.
func (o *opener) letRead() error {
	if o.db.opts.Readers {
		return &Error{Code: CodeProtocol, Op: "open", Path: o.db.path, Detail: "readers=on lets other processes read the database " +
			"while this one writes it, but the program is built with the tag lsmlite_small, without what that needs; open it without readers=on"}
	}
	return nil
}

func endReaders(*DB) (none bool, err error) { return true, nil }
