// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// secret looks at the files of an encrypted database, at the moment of a crash: none of them shows rows.
func (s *schedule) secret(fs *memfs.FS, h *enginetest.History) error {
	if s.key == nil {
		return nil
	}
	var w Windows
	for _, m := range []enginetest.Map{h.States[0], h.Newest()} {
		for k, v := range m.All() {
			w.Add(k)
			w.Add(v)
		}
	}
	for _, name := range fs.Names() {
		data, err := fs.ReadFile(name)
		if err != nil {
			return err
		}
		if at := w.Find(data); at >= 0 {
			return fmt.Errorf("%s shows eight bytes of a row, at %d: %q", name, at, data[at:][:8])
		}
	}
	return nil
}

// second reads an encrypted database that is in state want a second time, with what knows nothing of the engine.
func (s *schedule) second(fs *memfs.FS, want enginetest.Map) error {
	if s.key == nil {
		return nil
	}
	file, _ := fs.ReadFile(path) // neither may exist yet
	log, _ := fs.ReadFile(path + "-log")
	d, err := secondreader.Read(file, log, secondreader.Key{Raw: s.key})
	if errors.Is(err, secondreader.ErrEmpty) && want.Len() == 0 {
		return nil // it was just being made
	}
	if err != nil {
		return fmt.Errorf("read a second time: %w", err)
	}
	var got enginetest.Map
	for _, r := range d.Rows {
		got = got.Put(r.Key, r.Value)
	}
	if !got.Equal(want) {
		return fmt.Errorf("read a second time, it has %d rows, %d commits in the log; want %d rows", got.Len(), len(d.Replayed), want.Len())
	}
	return nil
}
