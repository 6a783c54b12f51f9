// SPDX-License-Identifier: Apache-2.0

//go:build !race

package lsmlite_test

// raceDetector says whether the tests run under the race detector, which lets sync.Pool
// forget at random.
const raceDetector = false
