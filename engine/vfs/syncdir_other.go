// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package vfs

// syncDir does nothing: the platform has no way to sync a directory.
func syncDir(string) error { return nil }
