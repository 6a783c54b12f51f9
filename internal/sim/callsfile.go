// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// calledFile is a file of Calls.
type calledFile struct {
	inner vfs.File
	gate  *gate
	name  string
}

func (f *calledFile) call(kind CallKind, off, n int64, do func() error, part func(Fate)) error {
	return f.gate.call(Call{Kind: kind, Name: f.name, Off: off, Len: n}, do, part)
}

// ReadAt implements vfs.File.
func (f *calledFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.call(CallRead, off, int64(len(p)), func() (err error) {
		n, err = f.inner.ReadAt(p, off)
		return err
	}, func(fate Fate) {
		if q := p[:int(fate.Part*float64(len(p)))]; len(q) > 0 {
			n, _ = f.inner.ReadAt(q, off)
		}
	})
	return n, err
}

// WriteAt implements vfs.File.
func (f *calledFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.call(CallWrite, off, int64(len(p)), func() (err error) {
		n, err = f.inner.WriteAt(p, off)
		return err
	}, func(fate Fate) {
		if q := p[:int(fate.Part*float64(len(p)))]; len(q) > 0 {
			n, _ = f.inner.WriteAt(q, off)
		}
	})
	return n, err
}

// Close implements vfs.File. It closes the file even if it fails.
func (f *calledFile) Close() error {
	closed := func() error {
		err := f.inner.Close()
		if !errors.Is(err, fs.ErrClosed) {
			f.gate.open.Add(-1)
		}
		return err
	}
	return f.call(CallClose, 0, 0, closed, func(Fate) { _ = closed() })
}

// Size implements vfs.File.
func (f *calledFile) Size() (size int64, err error) {
	err = f.call(CallStat, 0, 0, func() (err error) {
		size, err = f.inner.Size()
		return err
	}, nil)
	return size, err
}

// Truncate implements vfs.File.
func (f *calledFile) Truncate(size int64) error {
	return f.call(CallTruncate, size, 0, func() error { return f.inner.Truncate(size) }, nil)
}

// Sync implements vfs.File.
func (f *calledFile) Sync() error {
	return f.call(CallSync, 0, 0, f.inner.Sync, func(fate Fate) {
		if able, ok := f.inner.(interface{ FailSync(unit int) }); ok && fate.Drop > 0 {
			able.FailSync(fate.Drop)
		}
	})
}

// SectorSize implements vfs.File.
func (f *calledFile) SectorSize() int { return f.inner.SectorSize() }

// Lock implements vfs.File.
func (f *calledFile) Lock(slot int, kind vfs.LockKind) error {
	return f.call(CallLock, int64(slot), 1, func() error { return f.inner.Lock(slot, kind) }, nil)
}

// Locked implements vfs.File.
func (f *calledFile) Locked(first, count int, kind vfs.LockKind) (held bool, err error) {
	err = f.call(CallLock, int64(first), int64(count), func() (err error) {
		held, err = f.inner.Locked(first, count, kind)
		return err
	}, nil)
	return held, err
}

// Stat implements vfs.Stater.
func (f *calledFile) Stat() (info fs.FileInfo, err error) {
	able, ok := f.inner.(vfs.Stater)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	err = f.call(CallStat, 0, 0, func() (err error) {
		info, err = able.Stat()
		return err
	}, nil)
	return info, err
}

// Location implements vfs.Locator.
func (f *calledFile) Location() (name string, err error) {
	able, ok := f.inner.(vfs.Locator)
	if !ok {
		return "", errors.ErrUnsupported
	}
	err = f.call(CallName, 0, 0, func() (err error) {
		name, err = able.Location()
		return err
	}, nil)
	return name, err
}

// OwnAs implements vfs.Owner.
func (f *calledFile) OwnAs(info fs.FileInfo) error {
	able, ok := f.inner.(vfs.Owner)
	if !ok {
		return errors.ErrUnsupported
	}
	return f.call(CallOwn, 0, 0, func() error { return able.OwnAs(info) }, nil)
}

// StartRead implements vfs.ReadStarter.
func (f *calledFile) StartRead(off, n int64) {
	if able, ok := f.inner.(vfs.ReadStarter); ok {
		_ = f.call(CallHint, off, n, func() error { able.StartRead(off, n); return nil }, nil)
	}
}

// StartWrite implements vfs.WriteStarter.
func (f *calledFile) StartWrite(off, n int64) {
	if able, ok := f.inner.(vfs.WriteStarter); ok {
		_ = f.call(CallHint, off, n, func() error { able.StartWrite(off, n); return nil }, nil)
	}
}

// Remote implements vfs.Remoter.
func (f *calledFile) Remote() (kind string, remote bool) { return vfs.Remote(f.inner) }

// SlotHolder implements vfs.SlotHolder.
func (f *calledFile) SlotHolder(slot int) (pid int) {
	if able, ok := f.inner.(vfs.SlotHolder); ok {
		return able.SlotHolder(slot)
	}
	return 0
}

// LockRange implements vfs.RangeLocker.
func (f *calledFile) LockRange(off, n int64, kind vfs.LockKind) error {
	able, ok := f.inner.(vfs.RangeLocker)
	if !ok {
		return errors.ErrUnsupported
	}
	return f.call(CallLockRange, off, n, func() error { return able.LockRange(off, n, kind) }, nil)
}

// RangeLocked implements vfs.RangeLocker.
func (f *calledFile) RangeLocked(off, n int64, kind vfs.LockKind) (lock vfs.ByteLock, held bool, err error) {
	able, ok := f.inner.(vfs.RangeLocker)
	if !ok {
		return vfs.ByteLock{}, false, errors.ErrUnsupported
	}
	err = f.call(CallLockRange, off, n, func() (err error) {
		lock, held, err = able.RangeLocked(off, n, kind)
		return err
	}, nil)
	return lock, held, err
}

// Map implements vfs.Mapper.
func (f *calledFile) Map(limit int64) (vfs.Mapping, error) {
	able, ok := f.inner.(vfs.Mapper)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	m := &calledMapping{file: f}
	err := f.call(CallMap, 0, limit, func() (err error) {
		m.read, err = able.Map(limit)
		return err
	}, nil)
	if err != nil {
		return nil, err
	}
	f.gate.open.Add(1)
	return m, nil
}

// MapWrite implements vfs.WriteMapper.
func (f *calledFile) MapWrite(n int) (vfs.WriteMapping, error) {
	able, ok := f.inner.(vfs.WriteMapper)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	m := &calledMapping{file: f}
	err := f.call(CallMap, 0, int64(n), func() (err error) {
		m.write, err = able.MapWrite(n)
		return err
	}, nil)
	if err != nil {
		return nil, err
	}
	f.gate.open.Add(1)
	return m, nil
}

// calledMapping is a mapping of a file of Calls, for reads or for writes.
type calledMapping struct {
	file  *calledFile
	read  vfs.Mapping
	write vfs.WriteMapping
}

// ReadAt implements vfs.Mapping, whose only error is ErrNotMapped.
func (m *calledMapping) ReadAt(p []byte, off int64) (n int, err error) {
	failed := false
	err = m.file.call(CallMapRead, off, int64(len(p)), func() (err error) {
		n, err = m.read.ReadAt(p, off)
		return err
	}, func(Fate) { failed = true })
	if failed {
		return 0, vfs.ErrNotMapped
	}
	return n, err
}

// WriteAt implements vfs.WriteMapping.
func (m *calledMapping) WriteAt(p []byte, off int64) (n int, err error) {
	err = m.file.call(CallMapWrite, off, int64(len(p)), func() (err error) {
		n, err = m.write.WriteAt(p, off)
		return err
	}, func(fate Fate) {
		if q := p[:int(fate.Part*float64(len(p)))]; len(q) > 0 {
			n, _ = m.write.WriteAt(q, off)
		}
	})
	return n, err
}

// Close implements vfs.Mapping and vfs.WriteMapping.
func (m *calledMapping) Close() error {
	closed := func() error {
		m.file.gate.open.Add(-1)
		if m.read != nil {
			return m.read.Close()
		}
		return m.write.Close()
	}
	return m.file.call(CallUnmap, 0, 0, closed, func(Fate) { _ = closed() })
}
