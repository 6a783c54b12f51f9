//go:build !unix && !windows

package vfs

var platformOpener opener = unlockedOpener{}

func (f *osFile) sync() error { return f.f.Sync() }
