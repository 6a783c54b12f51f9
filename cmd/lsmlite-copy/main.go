// SPDX-License-Identifier: Apache-2.0

// Command lsmlite-copy copies the rows of one store into another one: a file, a table of PostgreSQL, or a
// store in TiKV, in any combination.
//
//	lsmlite-copy [-resume] [-chunk size] [-passes n] [-quiet] [-json] SOURCE DESTINATION
//
// `lsmlite copy` runs it. It is a command of its own, so that what speaks to servers is no part of lsmlite. The names
// are those that sql.Open("lsmlite", …) takes. It copies in transactions, then compares all rows, repairs what differs
// until nothing does, and prints how many rows there are and their SHA-256. A copy that was interrupted goes on with
// -resume; so does one whose source was written to meanwhile, after its writers have stopped.
//
// The exit codes are those of lsmlite that fit: 0 if both have the same rows, 2 if it was called in a wrong way, 130 if
// it was interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
