// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package care

// renamesOpen says whether a file can be replaced while it is open.
const renamesOpen = true
