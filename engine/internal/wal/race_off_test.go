// SPDX-License-Identifier: Apache-2.0

//go:build !race

package wal

// raceDetector says that the race detector is on, which makes tests ten times as long.
const raceDetector = false
