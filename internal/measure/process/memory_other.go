// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package process

// Anonymous returns the anonymous memory of this process now, in bytes: not here.
func Anonymous() (int64, error) { return 0, ErrUnknown }
