// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

// Package inbox is how a program for js/wasm and program.js speak: program.js has a queue of messages and calls
// wake when there is something in it; the program takes them, and gives answers.
//
// It owns the functions that the program imports for that. Nothing may wait within wake: JavaScript, and with it
// the whole program, stands still until it returns.
package inbox

import (
	"syscall/js"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/js/hostfs"
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

// give gives an answer to program.js, which copies it.
//
//go:wasmimport lsmlite give
func give(p unsafe.Pointer, n uint32)

// removesOpen returns 1 if open files can be removed.
//
//go:wasmimport lsmlite removesOpen
func removesOpen() int32

// What a message in the queue is: its first byte.
const (
	forProgram = 0
	forFiles   = 1 // the outcome of an operation on names
)

// Give passes an answer on.
func Give(answer []byte) { give(unsafe.Pointer(unsafe.SliceData(answer)), uint32(len(answer))) }

// Listen begins to take messages, and returns the files of the host. handle is called for each message of
// index.js, which it owns; it must not wait.
func Listen(handle func(message []byte)) *hostfs.FS {
	host := &hostfs.JavaScript{}
	wake := js.FuncOf(func(js.Value, []js.Value) any {
		for n := pending(); n >= 0; n = pending() {
			message := make([]byte, max(n, 1))
			take(unsafe.Pointer(unsafe.SliceData(message)))
			switch message[0] {
			case forProgram:
				handle(message[1:])
			case forFiles:
				in := wire.Read(message[1:])
				call := in.U32()
				host.Complete(call, hostfs.Outcome{Status: hostfs.Status(int32(in.U32())), Value: int64(in.F64()), Text: in.Text()})
			}
		}
		return nil
	})
	js.Global().Get("lsmliteReady").Invoke(wake)
	return hostfs.New(host, hostfs.Options{RemovesOpen: removesOpen() != 0})
}
