// SPDX-License-Identifier: Apache-2.0

//go:build js && wasm

package hostfs

import (
	"sync"
	"unsafe"
)

// The functions that the program imports from the host's module "lsmlite". An offset is a float64, because a
// JavaScript number is made of it at once, and of an int64 only through a BigInt.

//go:wasmimport lsmlite begin
func hostBegin(call, op uint32, a unsafe.Pointer, aLen uint32, b unsafe.Pointer, bLen uint32, arg uint32)

//go:wasmimport lsmlite read
func hostRead(handle uint32, p unsafe.Pointer, n uint32, off float64) int32

//go:wasmimport lsmlite write
func hostWrite(handle uint32, p unsafe.Pointer, n uint32, off float64) int32

//go:wasmimport lsmlite size
func hostSize(handle uint32) float64

//go:wasmimport lsmlite truncate
func hostTruncate(handle uint32, size float64) int32

//go:wasmimport lsmlite sync
func hostSync(handle uint32) int32

//go:wasmimport lsmlite close
func hostClose(handle uint32) int32

//go:wasmimport lsmlite reason
func hostReason(p unsafe.Pointer, n uint32) uint32

// JavaScript is the host of a program for js/wasm. Its calls of Do end by Complete, which the
// program calls when the host says so.
type JavaScript struct {
	mu    sync.Mutex
	last  uint32
	calls map[uint32]chan Outcome
}

// Do implements Host.
func (h *JavaScript) Do(op Op, a, b string, arg uint32) Outcome {
	done := make(chan Outcome, 1)
	h.mu.Lock()
	if h.calls == nil {
		h.calls = map[uint32]chan Outcome{}
	}
	h.last++
	call := h.last
	h.calls[call] = done
	h.mu.Unlock()
	hostBegin(call, uint32(op), unsafe.Pointer(unsafe.StringData(a)), uint32(len(a)),
		unsafe.Pointer(unsafe.StringData(b)), uint32(len(b)), arg)
	return <-done
}

// Complete ends a call of Do. One that is not known is ignored. It does not wait.
func (h *JavaScript) Complete(call uint32, out Outcome) {
	h.mu.Lock()
	done := h.calls[call]
	delete(h.calls, call)
	h.mu.Unlock()
	if done != nil {
		done <- out
	}
}

// Read implements Host.
func (h *JavaScript) Read(handle uint32, p []byte, off int64) Status {
	return Status(hostRead(handle, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)), float64(off)))
}

// Write implements Host.
func (h *JavaScript) Write(handle uint32, p []byte, off int64) Status {
	return Status(hostWrite(handle, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)), float64(off)))
}

// Size implements Host.
func (h *JavaScript) Size(handle uint32) (int64, Status) {
	n := hostSize(handle)
	if n < 0 {
		return 0, Status(n)
	}
	return int64(n), OK
}

// Truncate implements Host.
func (h *JavaScript) Truncate(handle uint32, size int64) Status {
	return Status(hostTruncate(handle, float64(size)))
}

// Sync implements Host.
func (h *JavaScript) Sync(handle uint32) Status { return Status(hostSync(handle)) }

// Close implements Host.
func (h *JavaScript) Close(handle uint32) Status { return Status(hostClose(handle)) }

// Reason implements Host.
func (h *JavaScript) Reason() string {
	p := make([]byte, 1024)
	return string(p[:hostReason(unsafe.Pointer(&p[0]), uint32(len(p)))])
}
