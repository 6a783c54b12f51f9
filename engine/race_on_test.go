// SPDX-License-Identifier: Apache-2.0

//go:build race

package engine

// RaceDetector says that the race detector is on. It makes sync.Pool forget things at random,
// so that bounds of what is allocated do not hold, and takes ten times as long.
const RaceDetector = true
