// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package sim_test

// killMarks are none where it is not known which abilities the files have.
var killMarks []string
