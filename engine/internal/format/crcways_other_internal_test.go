// SPDX-License-Identifier: Apache-2.0

//go:build purego || !(amd64 || arm64)

package format

// wideWays returns none: here everything is computed in Go.
func wideWays() map[string]func(number uint64, page []byte) uint16 { return nil }
