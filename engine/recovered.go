// SPDX-License-Identifier: Apache-2.0

package engine

// RecoverKind says what Open has found.
type RecoverKind string

// What Open may find in files that were not closed properly, or are damaged.
const (
	// RecoverRefused: the files do not prove that they hold the newest state, and Open has
	// failed.
	RecoverRefused RecoverKind = "refused"
	// RecoverOlder: the newest checkpoint was damaged, and the one before it was taken,
	// together with the log that leads from it to the same state.
	RecoverOlder RecoverKind = "older checkpoint"
	// RecoverRepaired: something was damaged or in doubt, and could be restored. A handle that
	// writes has restored it.
	RecoverRepaired RecoverKind = "repaired"
	// RecoverLeftover: there was a log with nothing that the database file does not hold. A
	// handle that writes has removed it.
	RecoverLeftover RecoverKind = "leftover log"
	// RecoverOtherLog: the log was found under the name that the database had before.
	RecoverOtherLog RecoverKind = "log of another name"
	// RecoverMissingLog: the log was missing, and Options.AllowMissingLog is set.
	RecoverMissingLog RecoverKind = "missing log"
)

// RecoverEvent says that Open has found a database that was not closed properly, or that is
// damaged.
type RecoverEvent struct {
	DB     *DB    // nil if Open failed
	Path   string // canonical
	Kind   RecoverKind
	Detail string
}
