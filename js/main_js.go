// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

// Command js is the program that the npm package lsmlite runs in a worker: the database, on files of the
// worker. worker.js is the only one that starts it.
//
// It owns how the two speak: worker.js has a queue of messages and calls wake when there is something in it;
// the program takes them, and gives answers to worker.js. Nothing may wait within wake: JavaScript, and with it
// the whole program, stands still until it returns. So each message is done by a goroutine.
package main

import (
	"syscall/js"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/js/hostfs"
	"github.com/lsmlite/lsmlite-go/js/internal/server"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// pending returns the length of the next message in the queue, -1 if there is none.
//
//go:wasmimport lsmlite pending
func pending() int32

// take copies the next message to p, and takes it out of the queue.
//
//go:wasmimport lsmlite take
func take(p unsafe.Pointer)

// give gives an answer to worker.js, which copies it.
//
//go:wasmimport lsmlite give
func give(p unsafe.Pointer, n uint32)

// ability returns a number that worker.js knows: 1 if open files can be removed.
//
//go:wasmimport lsmlite removesOpen
func removesOpen() int32

// What a message in the queue is: its first byte.
const (
	forServer = 0 // a message of index.js
	forFiles  = 1 // the outcome of an operation on names
)

func main() {
	host := &hostfs.JavaScript{}
	serve := server.New(hostfs.New(host, hostfs.Options{RemovesOpen: removesOpen() != 0}), func(answer []byte) {
		give(unsafe.Pointer(unsafe.SliceData(answer)), uint32(len(answer)))
	})
	wake := js.FuncOf(func(js.Value, []js.Value) any {
		for n := pending(); n >= 0; n = pending() {
			message := make([]byte, n)
			take(unsafe.Pointer(unsafe.SliceData(message)))
			if n == 0 {
				continue
			}
			switch message[0] {
			case forServer:
				serve.Handle(message[1:])
			case forFiles:
				in := wire.Read(message[1:])
				call := in.U32()
				host.Complete(call, hostfs.Outcome{Status: hostfs.Status(int32(in.U32())), Value: int64(in.F64()), Text: in.Text()})
			}
		}
		return nil
	})
	js.Global().Get("lsmliteReady").Invoke(wake)
	select {}
}
