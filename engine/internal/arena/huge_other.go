// SPDX-License-Identifier: Apache-2.0

//go:build !linux || race

package arena

func makeHuge([]byte) {}

func makePlain([]byte) {}

func load([]byte) {}
