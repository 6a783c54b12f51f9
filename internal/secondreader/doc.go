// SPDX-License-Identifier: Apache-2.0

// Package secondreader reads encrypted databases a second time: from the bytes of a database file and of its log
// and with a key, by itself. It was written from the description of the format, not from the engine, imports nothing
// of it, and so is what the engine's files are compared with. Only tests import it.
//
// It is strict where a reader with a key can be: everything that is authenticated is verified, the places, order and
// end of the pages of every segment included, before a row is returned. It is whole: all rows are in memory. It reads
// only what lsmlite writes into encrypted files, so no redirects and no half-done merges.
package secondreader

import "errors"

// What is wrong with a database.
var (
	// ErrTampered: bytes that are authenticated are not those that were written, or not at their place.
	ErrTampered = errors.New("tampered")
	// ErrKey: no slot opens with the key.
	ErrKey = errors.New("no slot opens with this key")
	// ErrEmpty: no meta page is whole, as in a file that is just being made.
	ErrEmpty = errors.New("no meta page is whole")
	// ErrFormat: the clear parts are impossible, so that there is nothing to verify.
	ErrFormat = errors.New("impossible")
)

// encryptedID is the compression id of an encrypted file.
const encryptedID = 11100
