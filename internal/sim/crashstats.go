// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

// CrashStats counts what was tried.
type CrashStats struct {
	Moments  int // operations of the file system that a crash came before
	Cases    int // crashes, those in databases that were opened after a crash included
	Distinct int // of those of one schedule, how many left other files than all before
	Refused  int // databases that could not be opened or read after power loss at safety off
	// Rare counts the operations of schedules after which something rare was so:
	// a test that never meets it proves nothing about it.
	Rare map[string]int
	// Kinds counts crashes by what the database was doing, by the operation that they came before, and by
	// what became of the files.
	Kinds map[string]int
}

// Add adds the counts of another run.
func (s *CrashStats) Add(o CrashStats) {
	s.Moments += o.Moments
	s.Cases += o.Cases
	s.Distinct += o.Distinct
	s.Refused += o.Refused
	s.Rare = added(s.Rare, o.Rare)
	s.Kinds = added(s.Kinds, o.Kinds)
}

// added adds the counts of one map to those of another, which may be nil.
func added(to, from map[string]int) map[string]int {
	if to == nil {
		to = make(map[string]int)
	}
	for what, n := range from {
		to[what] += n
	}
	return to
}

// kindOf names an operation by what it does to which part of the files.
func kindOf(op faultfs.Op) string {
	switch {
	case op.Kind == faultfs.SyncDir:
		return "before: sync of the folder"
	case strings.HasSuffix(op.Name, "-log"):
		return "before: " + op.Kind.String() + " of the log"
	case op.Name != path:
		return "before: " + op.Kind.String() + " of another file"
	case op.Kind == faultfs.Write && op.Off < metaPages:
		return "before: write of a meta page"
	}
	return "before: " + op.Kind.String() + " of the database"
}

// metaPages is how many bytes of a file the meta pages take.
const metaPages = 2 * 4096
