// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// NoteEvery is how often an import by transactions makes what it has written durable, and notes how far it has
// come.
const NoteEvery = 10 * time.Second

// note says of an unfinished import how to go on. It lies next to the database, as JSON.
type note struct {
	About   string `json:"about"` // for a person who finds it
	Command string `json:"command"`
	Input   string `json:"input"`
	position
	// Fingerprint is that of the input up to Offset, if it can be read from anywhere.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// notePath is the name of the note of a database.
func notePath(path string) string { return path + ".import" }

// readNote returns the note of a database, or nil if there is none.
func readNote(path string) (*note, error) {
	raw, err := os.ReadFile(notePath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var n *note
	if err == nil {
		n, err = parseNote(raw)
	}
	if err != nil {
		return nil, env.Errorf(env.Refused, "%s, the note of an unfinished import, cannot be read (%v); --restart begins the import again", notePath(path), err)
	}
	return n, nil
}

// parseNote reads a note.
func parseNote(raw []byte) (*note, error) {
	var n note
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&n); err != nil {
		return nil, err
	}
	if n.Input == "" || n.Rows < 0 || n.Offset < 0 {
		return nil, errors.New("it has no input, or says that less than nothing of it is done")
	}
	return &n, nil
}

// noteNow makes what is written durable and notes it, if it is time to.
func (l *loader) noteNow(ctx context.Context) error {
	if l.db == nil || time.Since(l.last) < l.o.NoteEvery {
		return nil
	}
	if err := l.makeDurable(ctx); err != nil {
		return err
	}
	return l.writeNote()
}

// makeDurable brings all that was committed into a checkpoint: neither a log that is not synced nor one
// that is missing matters then.
func (l *loader) makeDurable(ctx context.Context) error {
	if err := l.db.Engine.Flush(ctx); err != nil {
		return err
	}
	_, err := l.db.Engine.Checkpoint(ctx)
	return err
}

// writeNote notes how far the import has come: all rows up to there are durable.
func (l *loader) writeNote() error {
	l.last = time.Now()
	n := *l.note
	n.About = fmt.Sprintf("An import of lsmlite into %s that is not finished. The command with --resume goes on.", filepath.Base(l.o.Path))
	n.position = l.done
	if r, ok := l.src.(read.Resumer); ok && !l.sum {
		var err error
		if n.Fingerprint, err = r.Fingerprint(n.Offset); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(notePath(l.o.Path), append(raw, '\n')); err != nil {
		return err
	}
	l.noted = true
	return nil
}

// removeNote removes the note, if there is one.
func (l *loader) removeNote() error {
	if !l.noted {
		return nil
	}
	l.noted = false
	if err := os.Remove(notePath(l.o.Path)); err != nil {
		return err
	}
	return vfs.OS.SyncDir(notePath(l.o.Path))
}

// replaceFile gives a file new contents: after a crash it has the old or the new ones.
func replaceFile(path string, data []byte) error {
	f, err := outfile.Create(path, outfile.Options{Force: true, Perm: 0o600})
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}
