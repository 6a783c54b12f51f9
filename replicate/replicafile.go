// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// replicaState is what a follower keeps in the file NAME-replica: how far the replica has come. It is written before
// the replica is, so after a crash the replica is at Applied, at Intended, or at neither only if Snapshot is set; and
// applying the transactions up to Intended once more, or a snapshot, gives the same rows from each of these states.
type replicaState struct {
	Format     int           `json:"format"`
	Generation uint64        `json:"generation"`
	Applied    uint64        `json:"applied"`
	Intended   uint64        `json:"intended"`
	Prev       object.Digest `json:"prev"` // of the object that ends with Applied
	// Snapshot says that a snapshot is being made of the replica, and nothing above counts.
	Snapshot bool `json:"snapshot"`
}

const (
	replicaFormat   = 1
	maxReplicaState = 64 << 10
)

// replicaFile is the name of the file of a replica.
func replicaFile(path string) string { return path + "-replica" }

// readReplicaState reads the file. fs.ErrNotExist: there is none.
func readReplicaState(fsys vfs.FS, path string) (s replicaState, err error) {
	name := replicaFile(path)
	f, err := fsys.Open(name, vfs.ReadOnly, 0)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.NewSectionReader(f, 0, maxReplicaState))
	if err != nil {
		return s, err
	}
	body, sum, _ := bytes.Cut(data, []byte("\n"))
	if want := fmt.Sprintf("%08x\n", crc32.ChecksumIEEE(body)); string(sum) != want {
		return s, fmt.Errorf("%s is damaged; remove it and the replica, and both are made again: %w", name, ErrDamaged)
	}
	if err := json.Unmarshal(body, &s); err != nil || s.Intended < s.Applied {
		return s, fmt.Errorf("%s is damaged; remove it and the replica, and both are made again: %w", name, ErrDamaged)
	}
	if s.Format != replicaFormat {
		return s, fmt.Errorf("%s has format %d: %w", name, s.Format, ErrVersion)
	}
	return s, nil
}

// write writes the file, durable and in one step.
func (s replicaState) write(fsys vfs.FS, path string) error {
	s.Format = replicaFormat
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	data = fmt.Appendf(data, "\n%08x\n", crc32.ChecksumIEEE(data))
	name := replicaFile(path)
	if err := writeFile(fsys, name+"-new", data); err != nil {
		return err
	}
	if err := fsys.Rename(name+"-new", name); err != nil {
		return err
	}
	return fsys.SyncDir(name)
}

func writeFile(fsys vfs.FS, name string, data []byte) (err error) {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Open(name, vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Sync()
}
