// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
)

// Count is how much there is, and how much of it has run.
type Count struct{ Statements, StatementsRan, Lines, LinesRan int }

func (c *Count) add(d Count) {
	c.Statements += d.Statements
	c.StatementsRan += d.StatementsRan
	c.Lines += d.Lines
	c.LinesRan += d.LinesRan
}

// Percent returns the parts of the statements and of the lines that have run. Of nothing all has run.
func (c Count) Percent() (statements, lines float64) {
	return percent(c.StatementsRan, c.Statements), percent(c.LinesRan, c.Lines)
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// Function is a function, and what of it has not run.
type Function struct {
	Name, File string
	Count
	Missing []Block // in their order
}

// Package is one package, and its functions in the order of files and lines.
type Package struct {
	Folder string
	Count
	Functions []Function
}

// Result is what a profile says of all packages, sorted.
type Result struct {
	Packages []Package
	Total    Count
}

// Measure counts a profile with the sources in the folder root.
func Measure(root string, p Profile) (*Result, error) {
	files := make(map[string][]Block)
	for b := range p {
		files[b.File] = append(files[b.File], b)
	}
	packages := make(map[string]*Package)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		blocks := files[file]
		slices.SortFunc(blocks, compareBlocks)
		found, err := functions(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		folder := path.Dir(file)
		if packages[folder] == nil {
			packages[folder] = &Package{Folder: folder}
		}
		counted := 0
		for _, f := range found {
			n, m := measureFunction(f, blocks, p)
			counted += m
			if n.Statements == 0 {
				continue // an empty body
			}
			packages[folder].add(n.Count)
			n.File = file
			packages[folder].Functions = append(packages[folder].Functions, n)
		}
		if counted != len(blocks) {
			return nil, fmt.Errorf("%s: %d of %d blocks are in no function: the profile is of other sources", file, len(blocks)-counted, len(blocks))
		}
	}
	r := &Result{}
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		r.Packages = append(r.Packages, *packages[folder])
		r.Total.add(packages[folder].Count)
	}
	return r, nil
}

// measureFunction counts what is in one function, and its blocks.
func measureFunction(f function, blocks []Block, p Profile) (n Function, counted int) {
	n.Name = f.name
	inside := func(at Place, start, end Place) bool { return !at.Before(start) && at.Before(end) }
	var own []Block
	for _, b := range blocks {
		if !inside(b.Start, f.start, f.end) {
			continue
		}
		counted++
		own = append(own, b)
		n.Statements += b.Statements
		switch {
		case p[b]:
			n.StatementsRan += b.Statements
		case b.Statements > 0:
			n.Missing = append(n.Missing, b)
		}
	}
	lines := make(map[int]bool)
	for _, s := range f.statements {
		for _, b := range own {
			if inside(s, b.Start, b.End) {
				ran, there := lines[s.Line]
				lines[s.Line] = p[b] && (ran || !there)
				break
			}
		}
	}
	n.Lines = len(lines)
	for _, ran := range lines {
		if ran {
			n.LinesRan++
		}
	}
	return n, counted
}
