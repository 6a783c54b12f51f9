// SPDX-License-Identifier: Apache-2.0

package machine

import "golang.org/x/sys/unix"

// details fills in what only this system knows.
func (m *Machine) details(dir string) error {
	var err error
	if m.CPU, err = unix.Sysctl("machdep.cpu.brand_string"); err != nil {
		return err
	}
	memory, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return err
	}
	m.MemoryBytes = int64(memory)
	if m.Kernel, err = unix.Sysctl("kern.osrelease"); err != nil {
		return err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	m.FileSystem = unix.ByteSliceToString(fs.Fstypename[:])
	return nil
}
