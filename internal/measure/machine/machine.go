// SPDX-License-Identifier: Apache-2.0

// Package machine describes what a measurement runs on, and says how much of a disk is used and free. The
// programs that measure use it, here and in the modules below the root. It changes nothing, and learns
// no name by which a machine or its owner could be recognised.
package machine

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Machine is what a measurement runs on. What cannot be found out is empty, or 0.
type Machine struct {
	CPU         string `json:"cpu"`   // the model
	Cores       int    `json:"cores"` // that the program may use
	MemoryBytes int64  `json:"memory_bytes"`
	OS          string `json:"os"`         // GOOS/GOARCH
	Kernel      string `json:"kernel"`     // its release
	FileSystem  string `json:"filesystem"` // of the folder with the databases, and its device if known
	Go          string `json:"go"`         // version of the compiler
}

// Describe describes the machine, and the file system that dir is on.
func Describe(dir string) (Machine, error) {
	m := Machine{Cores: runtime.GOMAXPROCS(0), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	err := m.details(dir)
	return m, err
}

// DiskBytes returns the space that the files of a folder take on the disk. Where the system says how
// much that is, holes of files that are longer than what was written to them do not count.
func DiskBytes(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return gone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return gone(err)
		}
		total += allocated(info)
		return nil
	})
	return total, err
}

// gone leaves out the error that a file is missing: a store in the background has removed it.
func gone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
