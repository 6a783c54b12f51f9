// SPDX-License-Identifier: Apache-2.0

// Package outfile owns the files that the command writes its results to, and the rules by which a file may be replaced.
// The parts of the command use it for each name that a user gives for an output.
//
// The rules:
//
//   - A file that is there is replaced only if the user says so, and then as a whole: until the new one is complete
//     it has a name of its own, which nobody else has or can guess.
//   - Databases, of lsmlite or of others, their logs, and what the results are made from are not replaced at all.
//   - The name of a symbolic link stands for the file that it leads to.
//   - Pipes and character devices are written to as they are. Folders, block devices and sockets are refused.
//   - Only what this process has made is removed.
package outfile

import (
	"errors"
	"io/fs"
	"os"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Options say what may be done at a name.
type Options struct {
	Force bool        // a file that is there may be replaced
	Perm  fs.FileMode // of a new file; one that is replaced keeps its mode
	Keep  []string    // databases that the results are made from: neither they nor their logs are replaced
}

// place is what is at a name.
type place struct {
	given  string // as the user wrote it
	path   string // canonical
	old    fs.FileInfo
	direct bool // it is a pipe or a character device
}

// look finds out what is at a name, and refuses what must not be written.
func look(path string, o Options) (*place, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if kind := info.Mode().Type(); kind != fs.ModeNamedPipe && kind != fs.ModeDevice|fs.ModeCharDevice {
			return nil, env.Errorf(env.CannotOpen, "%s is no file, nor a pipe: nothing is written there", path)
		}
		return &place{given: path, path: path, old: info, direct: true}, nil
	}
	canonical, err := vfs.OS.Canonical(path)
	if err != nil {
		return nil, env.Errorf(env.CannotOpen, "%s: its folder must be there: %w", path, err)
	}
	p := &place{given: path, path: canonical}
	if err := Name(vfs.OS, p.path); err != nil {
		return nil, err
	}
	p.old, err = os.Lstat(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	return p, p.mayReplace(o)
}

// mayReplace refuses a file that must stay.
func (p *place) mayReplace(o Options) error {
	for _, keep := range o.Keep {
		if same(p.old, keep) || same(p.old, keep+logSuffix) {
			return env.Errorf(env.CannotOpen, "%s is what is read, or its log: it is not replaced", p.given)
		}
	}
	if !o.Force {
		return env.Errorf(env.CannotOpen, "%s exists; --force replaces it: %w", p.given, fs.ErrExist)
	}
	return noDatabase(p.given, p.path)
}

// same says whether a name is that of a file.
func same(file fs.FileInfo, name string) bool {
	info, err := os.Stat(name)
	return err == nil && os.SameFile(file, info)
}

// Stream opens a file that results are added to as they come: it makes the file, or empties it.
func Stream(path string, o Options) (*os.File, error) {
	p, err := look(path, o)
	switch {
	case err != nil:
		return nil, err
	case p.old == nil:
		return os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, o.Perm)
	}
	f, err := os.OpenFile(p.path, os.O_WRONLY, 0)
	if err != nil || p.direct {
		return f, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, p.old) {
		err = env.Errorf(env.Busy, "%s was replaced meanwhile: it is left as it is; try again", path)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
