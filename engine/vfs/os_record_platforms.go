// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux && !darwin

package vfs

// The platform has no locks that belong to a handle.
var platformOpener opener = &recordOpener{}

func (f *osFile) sync() error { return f.f.Sync() }
