// SPDX-License-Identifier: Apache-2.0

// Package pgstore keeps the rows of lsmlite in a table of PostgreSQL. Importing it registers the names that
// begin with postgres:// and postgresql://:
//
//	import _ "github.com/lsmlite/lsmlite-go/stores/pgstore"
//
//	db, err := sql.Open("lsmlite", "postgres://user@host/db?table=kv&writers=one")
//
// The package owns the connections, the two tables, and the texts of the statements that it sends. Package
// store/overlay makes transactions of it: what they write stays in this process until COMMIT, which sends the
// result.
//
// What always holds:
//
//   - A snapshot, a transaction, and the cursors opened on one share a connection in one transaction of the
//     server, so they show one state. The last one to be closed ends it, and the connection goes back to the pool.
//   - Nothing is sent twice that may have changed rows. A COMMIT whose answer is lost is looked up by the number
//     of its transaction, which proves something only where the server has not crashed since; where the server does
//     not say, the error is ErrUndetermined.
//   - With writers=one, a transaction locks the small table before its first query, so its snapshot shows every
//     commit before it.
//   - Sizes are checked before anything is sent.
//   - No error shows a password.
package pgstore
