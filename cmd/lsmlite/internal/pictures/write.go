// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// write writes a file, or to standard output if its name is -. A file that is there is replaced only with force, and
// then as a whole.
func write(e *env.Env, path string, data []byte, force bool) error {
	if path == "-" {
		_, err := e.Stdout.Write(data)
		return err
	}
	if !force {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return env.Errorf(env.CannotOpen, "%s is there already; --force replaces it", path)
		} else if err != nil {
			return err
		}
		return finish(f, data)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".lsmlite-picture-*")
	if err != nil {
		return err
	}
	if err := finish(f, data); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// finish writes and closes a file, and removes it if that fails.
func finish(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
