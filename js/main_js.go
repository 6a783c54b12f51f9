// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

// Command js is the program that the npm package lsmlite runs in a worker: the database, on files of the
// worker. program.js runs it.
package main

import (
	"github.com/lsmlite/lsmlite-go/js/internal/inbox"
	"github.com/lsmlite/lsmlite-go/js/internal/server"
)

func main() {
	var serve *server.Server
	// A message comes only when main waits, so the server is there by then.
	files := inbox.Listen(func(message []byte) { serve.Handle(message) })
	serve = server.New(files, inbox.Give)
	select {}
}
