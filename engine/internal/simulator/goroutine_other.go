// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !arm64

package simulator

import (
	"bytes"
	"runtime"
	"strconv"
)

// self returns a number that no two goroutines have at a time. It is read from the text of a stack, which takes long.
func self() uintptr {
	var buf [64]byte
	text := buf[:runtime.Stack(buf[:], false)]
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		panic("a stack without the number of its goroutine")
	}
	n, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return uintptr(n)
}
