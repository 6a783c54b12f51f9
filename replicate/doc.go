// SPDX-License-Identifier: Apache-2.0

// Package replicate copies the commits of an open database to object storage, or to a folder, while the database is in
// use; restores any moment of it; and follows it from another machine.
//
// # What is in the target
//
// A generation is an unbroken history of the database: snapshots, which are all rows of one state, and log objects,
// which are the transactions after it, chained by their digests. Package internal/object describes the bytes. A writer
// keeps nothing but what is in the target: it begins where the newest log object ends. If the database's log does not
// reach back to that moment, the history is broken, and a greater generation begins, with a snapshot. The greatest
// generation with a complete snapshot is the database.
//
// # What always holds
//
//   - An object is made once and never changed. A request whose outcome is not known is sent again with the same
//     bytes; where the object exists then, equal bytes, or the same transactions, are success.
//   - A log object is made after the one before it, and the index of a snapshot after all its parts and the log
//     object that ends with its state: so whatever is in the target at any moment can be restored, to a state that
//     the database had.
//   - A writer that sees a greater generation than its own has been replaced, and stops: ErrFenced. What it had
//     uploaded since only extends a history that nobody restores.
//   - Nothing is removed that a moment of the last Options.Keep needs.
//
// # What may be lost
//
// If the machine is lost: the commits of Options.Interval and of the time that an upload takes. Nothing if the
// process is killed, or the target cannot be reached for a while; see docs/replication.md for all cases.
package replicate
