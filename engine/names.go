package engine

// Moved looks whether the database file and its log still have their names, and returns an
// ErrMoved that names both if one of them has been renamed, replaced or removed while it was
// open for writing. Then nothing can be written any more; reading goes on, and Close brings
// what was committed into the database file, wherever that is by now.
func (db *DB) Moved() error {
	if db.opts.ReadOnly || db.usable("look at") != nil {
		return db.files.Lost()
	}
	return db.files.Look()
}

// stopped returns why nothing can be written through a handle that was opened to write.
func (db *DB) stopped() error {
	if err := db.Poisoned(); err != nil {
		return err
	}
	return db.files.Lost()
}

// lookForCommit looks at the names of the files before a commit, if that is due: the first
// of the commits that share a sync always looks.
func (db *DB) lookForCommit(full bool) error {
	if db.files.LookDue(db.writer.TakenAt()) || full && db.group.first() {
		return db.files.Look()
	}
	return db.files.Lost()
}
