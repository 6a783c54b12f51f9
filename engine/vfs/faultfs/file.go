// SPDX-License-Identifier: Apache-2.0

package faultfs

import (
	"errors"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// file passes SectorSize, Lock and Locked on by embedding.
type file struct {
	vfs.File
	fs   *FS
	name string
}

// ReadAt implements vfs.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	out := f.fs.begin(Op{Kind: Read, Name: f.name, Off: off, Len: int64(len(p))})
	want := p
	if out.err != nil {
		want = p[:out.of(len(p))]
	}
	n, err := 0, error(nil)
	if out.err == nil || len(want) > 0 {
		n, err = f.File.ReadAt(want, off)
	}
	for _, damage := range out.damage {
		damage(want[:n], off)
	}
	// The end of the file may come before the fault; the fault is what the rule says.
	if out.err != nil && (err == nil || errors.Is(err, io.EOF)) {
		err = out.err
	}
	return n, err
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	out := f.fs.begin(Op{Kind: Write, Name: f.name, Off: off, Len: int64(len(p))})
	if out.err == nil {
		return f.File.WriteAt(p, off)
	}
	part := p[:out.of(len(p))]
	if len(part) == 0 {
		return 0, out.err
	}
	n, err := f.File.WriteAt(part, off)
	if err != nil {
		return n, err
	}
	return n, out.err
}

// Size implements vfs.File.
func (f *file) Size() (int64, error) {
	if out := f.fs.begin(Op{Kind: Stat, Name: f.name}); out.err != nil {
		return 0, out.err
	}
	return f.File.Size()
}

// Stat implements vfs.Stater, as far as the inner file does.
func (f *file) Stat() (fs.FileInfo, error) {
	able, ok := f.File.(vfs.Stater)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	if out := f.fs.begin(Op{Kind: Stat, Name: f.name}); out.err != nil {
		return nil, out.err
	}
	return able.Stat()
}

// Location implements vfs.Locator, as far as the inner file does.
func (f *file) Location() (string, error) {
	if able, ok := f.File.(vfs.Locator); ok {
		return able.Location()
	}
	return "", errors.ErrUnsupported
}

// OwnAs implements vfs.Owner, as far as the inner file does.
func (f *file) OwnAs(info fs.FileInfo) error {
	if able, ok := f.File.(vfs.Owner); ok {
		return able.OwnAs(info)
	}
	return errors.ErrUnsupported
}

// Truncate implements vfs.File.
func (f *file) Truncate(size int64) error {
	if out := f.fs.begin(Op{Kind: Truncate, Name: f.name, Off: size}); out.err != nil {
		return out.err
	}
	return f.File.Truncate(size)
}

// Sync implements vfs.File.
func (f *file) Sync() error {
	if out := f.fs.begin(Op{Kind: Sync, Name: f.name}); out.err != nil {
		if able, ok := f.File.(interface{ FailSync(unit int) }); ok && out.drop > 0 {
			able.FailSync(out.drop)
		}
		return out.err
	}
	return f.File.Sync()
}

// Close implements vfs.File.
func (f *file) Close() error {
	out := f.fs.begin(Op{Kind: Close, Name: f.name})
	f.fs.closed(f)
	if err := f.File.Close(); err != nil {
		return err
	}
	return out.err
}

// Map implements vfs.Mapper, as far as the inner file does. What fails or damages a read
// does so to one through a mapping, too.
func (f *file) Map(limit int64) (vfs.Mapping, error) {
	able, ok := f.File.(vfs.Mapper)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	inner, err := able.Map(limit)
	if err != nil {
		return nil, err
	}
	return &mapping{Mapping: inner, f: f}, nil
}

type mapping struct {
	vfs.Mapping
	f *file
}

// ReadAt implements vfs.Mapping.
func (m *mapping) ReadAt(p []byte, off int64) (int, error) {
	out := m.f.fs.begin(Op{Kind: Read, Name: m.f.name, Off: off, Len: int64(len(p))})
	if out.err != nil {
		return 0, vfs.ErrNotMapped
	}
	n, err := m.Mapping.ReadAt(p, off)
	if err == nil {
		for _, damage := range out.damage {
			damage(p[:n], off)
		}
	}
	return n, err
}
