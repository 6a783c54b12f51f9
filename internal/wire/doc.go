// SPDX-License-Identifier: Apache-2.0

// Package wire is what package inspect and its clients say to each other: the names of the
// resources, the messages as structs, and their JSON.
//
// Marshal and Unmarshal give the structs of package engine, too, one form for all: names in lower
// case with underscores, as PRAGMA has them, durations in seconds, keys and values as Bytes. The
// package knows no database and no network. Package inspect writes the messages, and the command
// reads them.
package wire

// The resources, relative to the address of the handler.
const (
	Info      = "info"
	Stats     = "stats"
	Structure = "structure"
	Layout    = "layout"
	Scene     = "scene"
	Keys      = "keys"
	Tree      = "tree"
	Value     = "value"
	SQL       = "sql"
	Check     = "check"
	Backup    = "backup"
	Pins      = "pins"
	Page      = "page"
	Log       = "log"
	History   = "history"
	Metrics   = "metrics"
	Put       = "put"
	Delete    = "delete"
	SignIn    = "signin"
)

const (
	// HeaderCSRF carries the token of Info.CSRF with each request that is not a GET.
	HeaderCSRF = "X-Lsmlite-CSRF"
	// TrailerComplete follows a stream that is whole: its value is "yes".
	TrailerComplete = "Lsmlite-Complete"
	// HeaderStatements says that the body is a SQLMessage, also if the status is that of an error.
	HeaderStatements = "Lsmlite-Statements"
	// HeaderLen is the length of a value of which a part was requested.
	HeaderLen = "Lsmlite-Value-Length"
)
