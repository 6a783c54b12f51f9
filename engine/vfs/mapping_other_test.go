// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package vfs_test

import "testing"

// The comparison needs ways to map and to drop a file that the tests have on Linux only.
func mapWhole(b *testing.B, _ string, _ int) ([]byte, func()) {
	b.Skip("measured on Linux only")
	return nil, nil
}

func dropFromMemory(*testing.B, string) {}
