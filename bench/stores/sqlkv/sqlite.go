// SPDX-License-Identifier: Apache-2.0

package sqlkv

import "github.com/lsmlite/lsmlite-go/bench/kv"

// What all drivers of SQLite have in common: a table WITHOUT ROWID, which its documentation advises for
// keys that are no integers, and a write-ahead log.
//
// Class N is synchronous=NORMAL, which its documentation advises for a write-ahead log: only checkpoints
// are synced, and each commit is written to the log, so a kill loses nothing. Class F is
// synchronous=FULL.
const (
	CreateTable = "CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
	Truncate    = "PRAGMA wal_checkpoint(TRUNCATE)"
)

// Synchronous returns the value of that PRAGMA of SQLite for a class.
func Synchronous(c kv.Class) string {
	if c == kv.Full {
		return "FULL"
	}
	return "NORMAL"
}

// SQLiteSettings describes the classes of SQLite; how is the way that the driver is called.
func SQLiteSettings(how string) map[kv.Class]string {
	common := how + ", WITHOUT ROWID, journal_mode=WAL, the shared cache size for each connection, one connection that writes, "
	return map[kv.Class]string{
		kv.Normal: common + "synchronous=NORMAL",
		kv.Full:   common + "synchronous=FULL",
	}
}
