// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// eachFile calls do for each file of a folder that is not empty.
func eachFile(dir string, do func(f *os.File, size int64) error) error {
	return filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return do(f, info.Size())
	})
}

func dontNeed(f *os.File) error {
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// inMemory returns how many bytes of a file are in the page cache.
func inMemory(f *os.File, size int64) (int64, error) {
	m, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	defer unix.Munmap(m)
	page := int64(os.Getpagesize())
	pages := make([]byte, (size+page-1)/page)
	if err := mincore(m, pages); err != nil {
		return 0, err
	}
	n := int64(0)
	for _, p := range pages {
		n += int64(p & 1)
	}
	return min(n*page, size), nil
}

// DropCache drops the pages of a folder's files from the kernel's page cache, as far as it does so on
// request, and returns how much of them is still there, as a share. Pages that are mapped or not yet
// written to the disk stay, so the files are synced first and should not be open.
func DropCache(dir string) (left float64, err error) {
	var total, resident int64
	err = eachFile(dir, func(f *os.File, size int64) error {
		if err := f.Sync(); err != nil {
			return err
		}
		if err := dontNeed(f); err != nil {
			return err
		}
		n, err := inMemory(f, size)
		total += size
		resident += n
		return err
	})
	if total == 0 {
		return 0, err
	}
	return float64(resident) / float64(total), err
}
