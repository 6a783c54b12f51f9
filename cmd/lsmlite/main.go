// SPDX-License-Identifier: Apache-2.0

// Command lsmlite is a shell and a set of tools for lsm1 files, those of C lsm1 included.
//
//	lsmlite my.lsm                     # a shell
//	lsmlite my.lsm "SELECT count(*)"   # one statement
//	lsmlite check my.lsm               # is all of it sound?
//	lsmlite --help                     # all commands
package main

import (
	"os"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
