// SPDX-License-Identifier: Apache-2.0

//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris) || race

package arena

// chunkBytes is how much memory is requested at once: little, because the race
// detector makes memory of the Go heap dear, and tests open thousands of databases.
const chunkBytes = 64 << 10

// mapChunk returns nil: all slots lie in the Go heap.
func mapChunk() []byte { return nil }

func unload([]byte) {}
