// SPDX-License-Identifier: Apache-2.0

package env

// AsksRemote is a subcommand that can ask the program that has a database open, given --remote. One
// that is none of these is refused with --remote before it runs.
type AsksRemote interface {
	// AsksRemote reports whether the first argument, the database file, becomes the address; the caller
	// leaves it out. Otherwise the arguments stay as they are.
	AsksRemote() bool
}
