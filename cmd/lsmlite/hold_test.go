// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
)

// hold is a program of the scripts: hold FILE has a database open, and serves package inspect, until it is
// interrupted. When it does, there is a file FILE.held with the address. hold --readers FILE lets other processes read
// it, and has committed the row live, which is in the log.
func hold() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	readers := os.Args[1] == "--readers"
	if err := holdAndServe(ctx, os.Args[len(os.Args)-1], readers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func holdAndServe(ctx context.Context, path string, readers bool) error {
	db, err := engine.Open(ctx, path, engine.Options{Readers: readers})
	if err != nil {
		return err
	}
	if readers {
		err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("live"), []byte("committed")) })
		if err != nil {
			return errors.Join(err, db.Close())
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/lsmlite/", inspect.Handler(db, inspect.Options{}))
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	address := "http://" + listener.Addr().String() + "/debug/lsmlite/"
	if err = os.WriteFile(path+".new", []byte(address), 0o600); err == nil {
		err = os.Rename(path+".new", path+".held")
	}
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, server.Close(), db.Close())
}

// awaitHeld is a command of the scripts: held FILE waits until hold has a database open, and sets $REMOTE to
// the address.
func awaitHeld(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: held FILE")
	}
	for range 1000 {
		if address, err := os.ReadFile(ts.MkAbs(args[0]) + ".held"); err == nil {
			ts.Setenv("REMOTE", string(address))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s is not held after ten seconds", args[0])
}
