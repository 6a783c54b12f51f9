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
	// RecoverRepaired: something was damaged or in doubt that is known from elsewhere. A
	// handle that writes has put it right.
	RecoverRepaired RecoverKind = "repaired"
	// RecoverLeftover: a log was there that holds nothing the database file does not. A
	// handle that writes has removed it.
	RecoverLeftover RecoverKind = "leftover log"
	// RecoverOtherLog: the log was found under the name that the database had before.
	RecoverOtherLog RecoverKind = "log of another name"
	// RecoverMissingLog: the log was missing, and Options.AllowMissingLog is set.
	RecoverMissingLog RecoverKind = "missing log"
)

// RecoverEvent says that a database was not found as a session leaves it that has ended
// properly.
type RecoverEvent struct {
	DB     *DB    // nil if Open failed
	Path   string // canonical
	Kind   RecoverKind
	Detail string
}
