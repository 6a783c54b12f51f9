// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// Block is a stretch of code whose statements run one after the other, as Go's cover tool cuts it.
type Block struct {
	File       string // path in the module
	Start, End Place
	Statements int
}

// Place is a place in a file, counted from 1. Columns count bytes.
type Place struct{ Line, Column int }

// Before reports whether a place comes before another one.
func (p Place) Before(q Place) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// Profile says of each block whether it has run.
type Profile map[Block]bool

// Add reads the text of a profile. A block has run if it did in one of the profiles.
func (p Profile) Add(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		if strings.HasPrefix(text, "mode: ") {
			continue
		}
		b, ran, err := parseBlock(text)
		if err != nil {
			return fmt.Errorf("profile, line %d: %w", n, err)
		}
		if Counts(path.Dir(b.File)) {
			p[b] = p[b] || ran
		}
	}
	return lines.Err()
}

// parseBlock reads file:line.column,line.column statements count.
func parseBlock(text string) (b Block, ran bool, err error) {
	file, rest, ok := strings.Cut(text, ":")
	if !ok {
		return b, false, fmt.Errorf("%q is no block", text)
	}
	var count int
	if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.Start.Line, &b.Start.Column, &b.End.Line, &b.End.Column, &b.Statements, &count); err != nil {
		return b, false, fmt.Errorf("%q is no block: %w", text, err)
	}
	b.File = strings.TrimPrefix(file, Module+"/")
	return b, count > 0, nil
}

// Write writes a profile as Add reads it, sorted.
func (p Profile) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "mode: set")
	for _, b := range slices.SortedFunc(maps.Keys(p), compareBlocks) {
		count := 0
		if p[b] {
			count = 1
		}
		fmt.Fprintf(out, "%s/%s:%d.%d,%d.%d %d %d\n", Module, b.File, b.Start.Line, b.Start.Column, b.End.Line, b.End.Column, b.Statements, count)
	}
	return out.Flush()
}

func compareBlocks(a, b Block) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column),
		cmp.Compare(a.End.Line, b.End.Line), cmp.Compare(a.End.Column, b.End.Column))
}
