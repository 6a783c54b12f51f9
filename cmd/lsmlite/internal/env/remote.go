// SPDX-License-Identifier: Apache-2.0

package env

// AsksRemote is a subcommand that can ask the program that has a database open, given --remote. Its
// first argument, the database file, is the address then: the caller leaves it out. A
// subcommand that is none of these is refused with --remote before it runs.
type AsksRemote interface {
	// AsksRemote does nothing.
	AsksRemote()
}
