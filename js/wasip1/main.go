// SPDX-License-Identifier: Apache-2.0

// Lsmlite for hosts of WebAssembly that speak WASI (preview 1): wazero, Wasmtime, Node's node:wasi and others.
//
//	GOOS=wasip1 GOARCH=wasm go build -o lsmlite.wasm .                        # a command
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o liblsmlite.wasm . # a reactor
//
// The command reads and writes files of the folders that the host has given it:
//
//	lsmlite get FILE KEY
//	lsmlite put FILE KEY [VALUE]     without VALUE it is what comes on standard input
//	lsmlite scan FILE [PREFIX]
//	lsmlite exec FILE SQL
//
// FILE is a data source name, so it may have settings. WASI has no locks. A file is refused with exit code 3
// unless locking=optional promises that nothing else has it open:
//
//	wasmtime --dir data::/data lsmlite.wasm put '/data/my.lsm?locking=optional' user/1 Ada
//
// The reactor has no main: the host calls _initialize once, and then the functions that exports.go lists, which
// have the names, the arguments and the results of lsm.h. One call runs at a time, as memory has one thread.
//
// The command's text and exit codes are those of cmd/lsmlite as far as both have them. This package has nothing
// that others import.
package main

import (
	"os"
)

func main() {
	c := command{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(c.run(os.Args[1:]))
}
