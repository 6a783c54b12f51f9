// SPDX-License-Identifier: Apache-2.0

package engine

// Moved looks whether the database file and its log still have their names, and returns an
// ErrMoved that names both if one of them has been renamed, replaced or removed while it was
// open for writing. Then nothing can be written any more. Reading still works, and Close brings
// what was committed into the database file, wherever that is now.
func (db *DB) Moved() error {
	if db.opts.ReadOnly || db.usable("look at") != nil {
		return db.files.Lost()
	}
	return db.files.Look()
}
