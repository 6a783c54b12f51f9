// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// details fills in what only this system knows.
func (m *Machine) details(dir string) error {
	m.CPU = afterColon("/proc/cpuinfo", "model name")
	m.FileSystem = fileSystem(dir)
	kib, _ := strconv.ParseInt(strings.TrimSuffix(afterColon("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	m.MemoryBytes = kib << 10
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	m.Kernel = unix.ByteSliceToString(u.Release[:])
	return nil
}

// afterColon returns what a file of names and values has for the first line with a name.
func afterColon(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fileSystem returns the type and the device of the file system that has a folder: of the longest
// mount point that the folder is in.
func fileSystem(dir string) (found string) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	raw, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	longest := -1
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) < 3 || len(f[1]) < longest {
			continue
		}
		if point := strings.TrimSuffix(f[1], "/"); dir == point || strings.HasPrefix(dir, point+"/") {
			found, longest = onDevice(f[2], f[0]), len(f[1])
		}
	}
	return found
}

// onDevice names a file system. A device that lies on another machine is left out, because its name is
// that machine's.
func onDevice(kind, device string) string {
	if strings.Contains(device, ":") || strings.HasPrefix(device, "//") {
		return kind
	}
	return kind + " on " + device
}
