//go:build race

package engine_test

// raceDetector says that the race detector is on. It makes sync.Pool forget things at random,
// so that bounds of what is allocated do not hold, and takes ten times as long.
const raceDetector = true
