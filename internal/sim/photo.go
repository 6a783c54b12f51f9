// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Photo is what the files of a folder hold.
type Photo map[string]photoFile

type photoFile struct {
	size    int64
	extents []extent // all else is zero
}

type extent struct {
	off  int64
	data []byte
}

// extentSize is the size of the parts of a file that are left out if they are zero.
const extentSize = 4096

// TakePhoto reads the files of a folder.
func TakePhoto(dir string) (Photo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	p := make(Photo)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		f := photoFile{size: int64(len(data))}
		zero := make([]byte, extentSize)
		for off := 0; off < len(data); off += extentSize {
			part := data[off:min(off+extentSize, len(data))]
			if !bytes.Equal(part, zero[:len(part)]) {
				f.extents = append(f.extents, extent{int64(off), bytes.Clone(part)})
			}
		}
		p[e.Name()] = f
	}
	return p, nil
}

// Restore makes a folder what it was.
func (p Photo) Restore(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	for name, f := range p {
		if err := f.write(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (f photoFile) write(name string) (err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	for _, e := range f.extents {
		if _, err := file.WriteAt(e.data, e.off); err != nil {
			return err
		}
	}
	return file.Truncate(f.size)
}

// Unchanged wants each file to be as it was. There may be others.
func (p Photo) Unchanged(dir string) error {
	is, err := TakePhoto(dir)
	if err != nil {
		return err
	}
	for name, was := range p {
		now, ok := is[name]
		same := ok && now.size == was.size && len(now.extents) == len(was.extents)
		for i := range was.extents {
			same = same && now.extents[i].off == was.extents[i].off && bytes.Equal(now.extents[i].data, was.extents[i].data)
		}
		if !same {
			return fmt.Errorf("%s is not what it was", name)
		}
	}
	return nil
}

// FindPlaintext looks for rows in the files, which are encrypted.
func (p Photo) FindPlaintext(w *Windows) error {
	for name, f := range p {
		for _, e := range f.extents {
			if at := w.Find(e.data); at >= 0 {
				return fmt.Errorf("%s shows %q", name, e.data[at:][:8])
			}
		}
	}
	return nil
}
