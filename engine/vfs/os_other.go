// SPDX-License-Identifier: Apache-2.0

//go:build !unix && !windows

package vfs

var platformOpener opener = unlockedOpener{}

func (f *osFile) sync() error { return f.f.Sync() }
