// SPDX-License-Identifier: Apache-2.0

//go:build purego || !(amd64 || arm64)

package format

// crcWide is there for processors whose wide registers are used.
func crcWide(uint64, []byte) (crc uint16, ok bool) { return 0, false }

// crcMove is there for processors that sum and move in one go.
func crcMove([]byte, uint64, []byte) (crc uint16, ok bool) { return 0, false }
