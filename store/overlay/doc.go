// SPDX-License-Identifier: Apache-2.0

// Package overlay makes write transactions for stores on other machines.
//
// A [Tx] keeps what it writes in this process, over a snapshot of the store. Its reads merge the two, its
// levels are marks in memory, and COMMIT gives the net result to the store in one piece: deleted ranges,
// deleted keys and rows, each in ascending order. So statements, savepoints and cursors mean what they mean
// on the engine, writes cost no round trips, and a statement that fails changes nothing on the server. What
// a transaction has written must fit into memory: [Options.Caps] bounds it, and [MaxBytes].
//
// Stores of other modules use the package. A Tx may be used by one goroutine at a time. Cursors are
// independent of it: they show the moment of their making, and go on after the end of the transaction as far
// as the cursors of the snapshot do.
package overlay
