// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/lsmlite/lsmlite-go/js/internal/wire"
)

// The size of a batch: it ends with the row that reaches one of them.
const (
	batchRows  = 256
	batchBytes = 64 << 10
)

// source is where the rows of batches come from.
type source interface {
	// row writes the next row and reports whether there was one.
	row(ctx context.Context, out *wire.Writer) (bool, error)
	close() error
}

// batches is a scan, a query or a backup that index.js takes batch by batch.
type batches struct {
	mu     sync.Mutex
	source source // nil once it is closed
	err    error  // what comes after the batch that was sent last
	tx     *tx
}

// start answers with the number of a source, 0 if it has ended already, and its first batch.
func (s *Server) start(r *request, t *tx, out *wire.Writer, from source) error {
	b := &batches{source: from, tx: t}
	at := len(*out)
	out.U32(0)
	done, err := b.batch(r.ctx, out)
	if err != nil || done {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.number()
	s.batches[n] = b
	if t != nil {
		t.batches = append(t.batches, n)
	}
	binary.LittleEndian.PutUint32((*out)[at:], n)
	return nil
}

// batch writes the next batch: 1 if it is the last one, the number of rows, the rows. After the last one, and
// after an error, the source is closed.
func (b *batches) batch(ctx context.Context, out *wire.Writer) (done bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.source == nil:
		return true, misuse("it has ended")
	case b.err != nil:
		b.closeLocked()
		return true, b.err
	}
	if err := ctx.Err(); err != nil {
		b.closeLocked()
		return true, err
	}
	begin := len(*out)
	out.Byte(0)
	out.U32(0)
	rows := uint32(0)
	for more := true; rows < batchRows && len(*out)-begin < batchBytes; rows++ {
		whole := len(*out)
		if more, err = b.source.row(ctx, out); !more || err != nil {
			*out = (*out)[:whole]
			break
		}
	}
	switch {
	case err != nil && rows == 0:
		b.closeLocked()
		return true, err
	case err != nil: // index.js takes the rows before it learns of the error
		b.err = err
	case rows < batchRows && len(*out)-begin < batchBytes:
		(*out)[begin] = 1
		done, err = true, b.closeLocked()
		if err != nil {
			return true, err
		}
	}
	binary.LittleEndian.PutUint32((*out)[begin+1:], rows)
	return done, nil
}

func (b *batches) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closeLocked()
}

func (b *batches) closeLocked() error {
	from := b.source
	b.source = nil
	if from == nil {
		return nil
	}
	return from.close()
}

// next answers with the next batch.
func (s *Server) next(r *request, _ *tx, out *wire.Writer) error {
	n := r.in.U32()
	if !r.in.Done() {
		return badMessage()
	}
	s.mu.Lock()
	b := s.batches[n]
	s.mu.Unlock()
	if b == nil {
		return misuse("it has ended")
	}
	done, err := b.batch(r.ctx, out)
	if done {
		s.forget(n)
	}
	return err
}

// end closes what batches come from. That it has ended already is no error.
func (s *Server) end(r *request, _ *tx, _ *wire.Writer) error {
	n := r.in.U32()
	if !r.in.Done() {
		return badMessage()
	}
	if b := s.forget(n); b != nil {
		return b.close()
	}
	return nil
}

func (s *Server) forget(n uint32) *batches {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.batches[n]
	delete(s.batches, n)
	return b
}
