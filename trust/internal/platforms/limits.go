// SPDX-License-Identifier: Apache-2.0

package platforms

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// startDescriptors lets a shell lower the limit, which then holds for the test program and all that it starts.
func startDescriptors(n int) func(*Options, string) ([]string, func() error, error) {
	return words("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, n))
}

// startMemory makes a control group whose processes have so many bytes, files in the cache of the kernel included,
// which it gives back when it needs them. A process that takes more is killed. It needs a superuser.
func startMemory(bytes int64) func(*Options, string) ([]string, func() error, error) {
	return func(*Options, string) ([]string, func() error, error) {
		var failed []error
		for _, v := range []struct{ parent, limit string }{
			{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, // version 1
			{"/sys/fs/cgroup", "memory.max"},                   // version 2
		} {
			group := filepath.Join(v.parent, "lsmlite-"+strconv.Itoa(os.Getpid()))
			if err := os.Mkdir(group, 0o755); err != nil {
				failed = append(failed, err)
				continue
			}
			limit := filepath.Join(group, v.limit)
			if _, err := os.Stat(limit); errors.Is(err, fs.ErrNotExist) {
				failed = append(failed, err, os.Remove(group))
				continue
			}
			if err := os.WriteFile(limit, []byte(strconv.FormatInt(bytes, 10)), 0o644); err != nil {
				return nil, nil, errors.Join(err, os.Remove(group))
			}
			_ = os.WriteFile(filepath.Join(group, "memory.swap.max"), []byte("0"), 0o644) // where there is such a thing
			join := fmt.Sprintf(`echo $$ > %s && exec "$0" "$@"`, filepath.Join(group, "cgroup.procs"))
			return []string{"sh", "-c", join}, func() error { return os.Remove(group) }, nil
		}
		return nil, nil, fmt.Errorf("memory cannot be limited: %w", errors.Join(failed...))
	}
}

// emulate runs test programs in an emulator. They start themselves as other processes, too, which Linux can do
// once the emulator is registered.
func emulate(w ...string) func(*Options, string) ([]string, func() error, error) {
	return func(*Options, string) ([]string, func() error, error) {
		if _, err := os.Stat(filepath.Join("/proc/sys/fs/binfmt_misc", w[0])); err != nil {
			return nil, nil, fmt.Errorf("%s is not registered with binfmt_misc, as Debian's package qemu-user-binfmt does: %w", w[0], err)
		}
		return w, func() error { return nil }, nil
	}
}
