// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/dump"
)

// fakeReader takes the place of lsmlite-import in the scripts: it puts out a row for each of its arguments.
// An input whose name begins with "fail" makes it fail, and one with "cut" makes it end early.
func fakeReader() {
	input := os.Args[len(os.Args)-1]
	if strings.HasPrefix(input, "fail") {
		fmt.Fprintf(os.Stderr, "lsmlite-import: open %s: it is broken\n", input)
		os.Exit(3)
	}
	out := io.Writer(os.Stdout)
	if strings.HasPrefix(input, "cut") {
		out = &cut{out, 50}
	}
	w := dump.NewWriter(out)
	for i, arg := range os.Args[1:] {
		_ = w.Row(fmt.Appendf(nil, "arg%d", i), []byte(arg)) // of an output that is cut nothing is wanted
	}
	_ = w.Close()
	os.Exit(0)
}

// cut drops what is written after some bytes.
type cut struct {
	io.Writer
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if _, err := c.Writer.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// fakeCommand takes the place of a command that lsmlite runs in the scripts: it prints its arguments, and fails if one
// of them is "fails".
func fakeCommand(name string) {
	for _, arg := range os.Args[1:] {
		fmt.Println(arg)
		if arg == "fails" {
			fmt.Fprintln(os.Stderr, name+": it is broken")
			os.Exit(4)
		}
	}
}
