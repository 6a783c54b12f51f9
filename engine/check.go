package engine

import (
	"context"
	"fmt"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// Problem is something that Check found wrong.
type Problem struct {
	File    string
	Page    int64  // page, 0 if no page is concerned
	Offset  int64  // byte offset in the file, -1 if unknown
	Segment string // which level and segment, empty if none
	Detail  string
}

// String renders the problem on one line.
func (p Problem) String() string {
	s := p.File
	if p.Segment != "" {
		s += ", " + p.Segment
	}
	if p.Page != 0 {
		s += fmt.Sprintf(", page %d", p.Page)
	}
	if p.Offset >= 0 {
		s += fmt.Sprintf(", offset %d", p.Offset)
	}
	return s + ": " + p.Detail
}

// checkSnapshot checks everything reachable from a snapshot.
func (db *DB) checkSnapshot(ctx context.Context, disk *snapshot.Snapshot) iter.Seq[Problem] {
	return func(yield func(Problem) bool) {}
}

// Check checks the newest state.
func (db *DB) Check(ctx context.Context) iter.Seq[Problem] {
	st := db.reg.Newest()
	return db.checkSnapshot(ctx, st.Disk)
}
