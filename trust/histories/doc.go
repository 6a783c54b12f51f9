// SPDX-License-Identifier: Apache-2.0

// Package histories says whether what concurrent clients of a database have seen can be explained.
//
// A history is what clients did and saw: transactions with their reads and writes, and when each of them began and
// ended. Two judges look at it, which know nothing of the database:
//
//   - [Linearizable] searches one order of all transactions that explains every read, in which no transaction is
//     moved out of the time between its beginning and its end: strict serializability, which of single reads and
//     writes is linearizability. It tries orders, with the checker porcupine, so it is for small histories.
//   - [Graph] judges long histories of transactions that append to lists. From the lists follows which transaction
//     comes before which, so it does not try orders: it looks for a circle, and names the anomaly by the kinds of its
//     steps as Adya does: G0, G1a, G1b, G1c, G-single, G2.
//
// A transaction that was committed when its process was killed has the outcome [Unknown]: it took place at
// some moment after it began, or never, and never in part.
//
// The tests of this package make such histories with the engine, with database/sql, with readers in other processes and
// with processes that are killed. Other packages do not use it.
package histories
