// SPDX-License-Identifier: Apache-2.0

// Command lsmlite-copy copies the rows of one store into another one: a file, a table of PostgreSQL, or a
// store in TiKV, in any combination.
//
//	lsmlite-copy [-resume] [-chunk size] [-passes n] [-quiet] SOURCE DESTINATION
//
// The names are those that sql.Open("lsmlite", …) takes. It copies in transactions, then compares all rows and
// repairs what differs until nothing does, and prints how many rows there are and their SHA-256. A copy that
// was interrupted goes on with -resume; so does one whose source was written to meanwhile, after its writers
// have stopped.
//
// The exit code is 0 if both have the same rows, 1 if the copy failed, and 2 if it was called in a wrong way.
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
