// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lsmlite/lsmlite-go/engine"
)

// hold is a program of the scripts: hold FILE has a database open until it is interrupted. When it
// has, there is a file FILE.held.
func hold() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	db, err := engine.Open(ctx, os.Args[1], engine.Options{})
	if err == nil {
		err = os.WriteFile(os.Args[1]+".held", nil, 0o600)
	}
	if err == nil {
		<-ctx.Done()
		err = db.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// awaitFile is a command of the scripts: await FILE waits until there is a file.
func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for range 1000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("there is no file %s after ten seconds", args[0])
}
