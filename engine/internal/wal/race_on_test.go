// SPDX-License-Identifier: Apache-2.0

//go:build race

package wal

const raceDetector = true
