// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"io"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// backupPart is how many bytes of a backup are in a batch.
const backupPart = 256 << 10

// backup begins to copy the database, with a key of its own and a cipher if they are in the message, and answers with
// the first part of the copy. A part is a row of one column.
func (s *Server) backup(r *request, _ *tx, out *wire.Writer) error {
	key, err := keySource(r.in)
	if err != nil {
		return err
	}
	cipher := r.in.Text()
	if !r.in.Done() {
		return badMessage()
	}
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan struct{})
	db := s.database()
	go func() {
		defer close(ended)
		_ = writer.CloseWithError(db.BackupTo(breathing{ctx}, writer, engine.BackupOptions{Key: key, Cipher: cipher}))
	}()
	return s.start(r, nil, out, &copied{reader, cancel, ended, make([]byte, backupPart)})
}

// copied is a backup as a source of rows.
type copied struct {
	from   *io.PipeReader
	cancel context.CancelFunc
	ended  chan struct{}
	part   []byte
}

func (c *copied) row(ctx context.Context, out *wire.Writer) (bool, error) {
	defer context.AfterFunc(ctx, c.cancel)()
	n, err := io.ReadFull(c.from, c.part)
	switch {
	case n > 0 && (err == nil || err == io.ErrUnexpectedEOF):
		out.Bytes(c.part[:n])
		return true, nil
	case err == io.EOF:
		return false, nil
	}
	return false, err
}

// close waits until nothing of the backup uses the database any more.
func (c *copied) close() error {
	c.cancel()
	_ = c.from.Close()
	<-c.ended
	return nil
}
