// SPDX-License-Identifier: Apache-2.0

package sqlkv

// The statements of all stores that speak SQL. Those that take a limit take NoLimit, too.
const (
	Begin       = "BEGIN IMMEDIATE"
	Commit      = "COMMIT"
	Rollback    = "ROLLBACK"
	Put         = "INSERT OR REPLACE INTO kv VALUES (?, ?)"
	Remove      = "DELETE FROM kv WHERE key = ?"
	DeleteRange = "DELETE FROM kv WHERE key >= ? AND key < ?"

	Get        = "SELECT value FROM kv WHERE key = ?"
	All        = "SELECT key, value FROM kv ORDER BY key LIMIT ?"
	AllReverse = "SELECT key, value FROM kv ORDER BY key DESC LIMIT ?"
	From       = "SELECT key, value FROM kv WHERE key >= ? ORDER BY key LIMIT ?"
	FromBefore = "SELECT key, value FROM kv WHERE key <= ? ORDER BY key DESC LIMIT ?"
)

// NoLimit is bound to LIMIT for a scan without one.
const NoLimit = 1 << 62
