// SPDX-License-Identifier: Apache-2.0

// Bench compares lsmlite with other stores of keys and values on the same work:
//
//	go run -C bench . -quick
//	go run -C bench . -stores lsmlite,pebble,bbolt -workloads fillrandom,readrandom,scan -rows 1M -values 100
//	go run -C bench . list
//	go run -C bench . show a.json
//	go run -C bench . compare a.json b.json
//	go run -C bench . check a.json targets.json
//
// README.md says what is measured, and which rules make it fair.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == child.Flag {
		os.Exit(work.Serve(os.Args[2], stores.Find))
	}
	// A reader of the output that ends early, such as head, must not leave the databases on the disk.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command runs the command that the arguments name; results go to out, and everything else to log.
func command(ctx context.Context, args []string, out, log io.Writer) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "list":
		return list(out)
	case "show":
		return show(args[1:], out, log)
	case "compare":
		return compare(args[1:], out, log)
	case "check":
		return check(args[1:], out)
	case "run":
		args = args[1:]
	}
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	return measure(ctx, o, out, log)
}
