// SPDX-License-Identifier: Apache-2.0

package holder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// find looks at the open files of every process in /proc.
func find(path string) (Found, error) {
	wanted := identities(path)
	if len(wanted) == 0 {
		return Found{}, &fs.PathError{Op: "find who has open", Path: path, Err: fs.ErrNotExist}
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return Found{}, ErrUnknown
	}
	var found Found
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		has, err := hasOpen(pid, wanted)
		found.Hidden = found.Hidden || errors.Is(err, fs.ErrPermission)
		if has {
			found.Processes = append(found.Processes, Process{PID: pid, Command: command(pid)})
		}
	}
	slices.SortFunc(found.Processes, func(a, b Process) int { return a.PID - b.PID })
	return found, nil
}

// identities are the database file and its log, as far as they are there.
func identities(path string) (out []fs.FileInfo) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for _, name := range []string{path, path + logSuffix} {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			out = append(out, info)
		}
	}
	return out
}

// hasOpen says whether a process has one of the files open. A process that ends meanwhile has none.
func hasOpen(pid int, wanted []fs.FileInfo) (bool, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		// Only a file has a path here; a pipe or a socket has not, and there is nothing to look at.
		if to, err := os.Readlink(name); err != nil || !strings.HasPrefix(to, "/") {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(wanted, func(w fs.FileInfo) bool { return os.SameFile(w, info) }) {
			return true, nil
		}
	}
	return false, nil
}

// command is the name of the program that a process runs.
func command(pid int) string {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
		name, _, _ := strings.Cut(string(line), "\x00")
		if name = filepath.Base(name); name != "." && name != "/" {
			return name
		}
	}
	name, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}
