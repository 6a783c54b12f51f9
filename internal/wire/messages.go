// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// InfoMessage says which database it is, and what the caller may do.
type InfoMessage struct {
	Path        string
	ReadOnly    bool // the database is open for reading only
	Write       bool // requests may write
	SignedIn    bool // by a cookie, which SignIn can end
	CSRF        string
	PageSize    int
	BlockSize   int
	Compression string
	Cipher      string // the cipher, empty if the file is not encrypted
	Safety      string
	AutoFlush   int
	AutoMerge   int
	CacheSize   int64
	Latencies   bool // History has them
	Metrics     bool // there is a resource Metrics
	Limits      Limits
}

// Limits are those of one request, and of requests at the same time.
type Limits struct {
	Rows          int
	ResponseBytes int
	CellBytes     int
	ScanRows      int
	StatementTime time.Duration
	Statements    int
	Checks        int
	Backups       int
}

// StructureMessage is what the file and the memory hold.
type StructureMessage struct {
	Levels     []engine.LevelInfo // newest first
	FreeBlocks []engine.FreeBlock
	LiveBytes  int64 // the two trees in memory
	OldBytes   int64
}

// LogMessage is what the log holds.
type LogMessage struct {
	Regions   []engine.LogRegion // those that are needed, in reading order
	LogBytes  int64
	FileBytes int64
}

// PageMessage is a page of the file.
type PageMessage struct {
	engine.PageInfo
	Cells []PageCell
}

// PageCell is a cell of a page: engine.CellInfo, with key and value cut.
type PageCell struct {
	Offset           int
	Kind             string
	Key, Value       Bytes
	KeyLen, ValueLen int
	Pointer, KeyPage int64
}

// KeyRow is a key with the beginning of its value.
type KeyRow struct {
	Key      Bytes
	Ref      string // what names the key in Keys and Value, also if it is cut
	Value    Bytes
	ValueLen int
}

// KeysMessage is a page of keys.
type KeysMessage struct {
	Keys []KeyRow
	// Next is the cursor of the next page; empty if there is none. More says why this page ended:
	// "rows", "bytes", "scan" or "time", the limit that it has met.
	Next string
	More string
	// Scanned is how many keys were looked at.
	Scanned int
}

// TreeNode is what the keys with one prefix have in common.
type TreeNode struct {
	Name   Bytes // what follows the prefix of the parent, the separator included
	Prefix Bytes // of all its keys
	Ref    string
	Leaf   bool // it is a key, and not the prefix of others
	Count  int  // of keys
	More   bool // there are more than Count
}

// TreeMessage is a level of the tree.
type TreeMessage struct {
	Nodes []TreeNode
	Next  string
	More  string
}

// Statement is what a statement has returned.
type Statement struct {
	Text    string
	Columns []string
	// Rows hold null, numbers and Bytes. An integer that a number of JSON cannot be trusted with
	// is an object with the member int.
	Rows [][]Cell
	// Cut names the limit that has cut off further rows: "rows" or "bytes".
	Cut string
	// Affected is how many rows were written; -1 if the statement has not counted them, or writes
	// none.
	Affected int64
	Explain  [][]Cell // the steps: action, detail, hex
	Time     time.Duration
	Error    *Failure
}

// SQLMessage is what the statements of a text have returned. After an error the rest was not run.
type SQLMessage struct {
	Statements []Statement
	// Note says what else has happened.
	Note  string
	Error *Failure
}

// SQLRequest is the body of a POST to SQL.
type SQLRequest struct {
	SQL     string
	Explain bool // show the steps of each statement, too
	DryRun  bool // and run none
}

// Failure is why a request failed.
type Failure struct {
	Message string
	// Code is one of engine's, and 0 if the error is not the engine's.
	Code int
	// Offset is where in the text of a statement the error is, -1 if that is not known.
	Offset int
}

// ErrorMessage is the body of a response with a status of 400 or more.
type ErrorMessage struct{ Error Failure }

// CheckLine is a line of Check: a problem, a sign of life, or the end.
type CheckLine struct {
	Problem  *engine.Problem
	Problems int // so far
	Time     time.Duration
	Done     bool
}

// Sample is a moment of History. Counters are since the database was opened.
type Sample struct {
	Seq  int64
	Unix float64 // seconds

	Commits, CommitErrors, Records, BytesCommitted int64
	BytesWritten, LogBytesWritten, BytesRead       int64
	Flushes, Merges, Checkpoints                   int64
	Stalls                                         int64
	StallTime                                      time.Duration
	CacheLookups, CacheHits                        int64
	LiveBytes, OldBytes, CacheBytes                int64
	FileBytes, LogBytes                            int64
	Levels, Segments                               int
	Pins                                           int64

	// Timed is how many commits were timed since the sample before; the rest is of their times.
	Timed                   int64
	P50, P90, P99, Greatest time.Duration
}

// HistoryMessage has samples, oldest first.
type HistoryMessage struct {
	Samples []Sample
	Next    int64 // what the next request says as since
}
