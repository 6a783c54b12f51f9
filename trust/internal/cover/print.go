// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// PrintTable prints the count of each package and of all, as a table in Markdown.
func PrintTable(w io.Writer, r *Result) {
	fmt.Fprint(w, "| package | lines | run | statements | run |\n| --- | --: | --: | --: | --: |\n")
	for _, p := range r.Packages {
		printRow(w, p.Folder, p.Count)
	}
	printRow(w, "all", r.Total)
}

func printRow(w io.Writer, name string, c Count) {
	statements, lines := c.Percent()
	fmt.Fprintf(w, "| %s | %d | %.1f %% | %d | %.1f %% |\n", name, c.Lines, lines, c.Statements, statements)
}

// PrintMissing prints the blocks that have not run, by function, each with its first line of code. Of a function that
// has not run at all it prints that.
func PrintMissing(w io.Writer, root string, r *Result) error {
	for _, p := range r.Packages {
		for _, f := range p.Functions {
			n := f.Statements - f.StatementsRan
			if n == 0 {
				continue
			}
			if f.StatementsRan == 0 {
				fmt.Fprintf(w, "%s %s %d: no statement has run (%s:%d)\n", p.Folder, f.Name, n, f.File, f.Missing[0].Start.Line)
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.File)))
			if err != nil {
				return err
			}
			lines := strings.Split(string(text), "\n")
			fmt.Fprintf(w, "%s %s %d\n", p.Folder, f.Name, n)
			for _, b := range f.Missing {
				fmt.Fprintf(w, "    %s:%d %s\n", f.File, b.Start.Line, firstLine(lines, b))
			}
		}
	}
	return nil
}

// firstLine returns where a block begins, and the line after it if it begins at the end of one.
func firstLine(lines []string, b Block) string {
	text := strings.TrimSpace(lines[b.Start.Line-1])
	if b.End.Line > b.Start.Line && strings.HasSuffix(text, "{") && b.Start.Line < len(lines) {
		text += " " + strings.TrimSpace(lines[b.Start.Line])
	}
	return text
}
