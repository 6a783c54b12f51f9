// SPDX-License-Identifier: Apache-2.0

package check

import "fmt"

// Problem is something that the check found wrong.
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
