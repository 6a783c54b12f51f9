// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package simulator

// self returns a number that no two goroutines have at a time. One that has ended gives it to another.
func self() uintptr
