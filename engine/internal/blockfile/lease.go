// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Lease is on the blocks of a segment in a file that another process writes. That process writes over
// none of them as long as it honours a checkpoint which lists the segment. Whether it still does can
// only be asked, so it is asked after each read of the file, before anything that was read is used.
type Lease struct{ honoured atomic.Pointer[func() error] }

// NewLease makes a lease by a checkpoint. honoured returns nil if that is still honoured, else the
// error of a read; it may be called from any goroutine.
func NewLease(honoured func() error) *Lease {
	l := new(Lease)
	l.Renew(honoured)
	return l
}

// Renew makes the lease one by a newer checkpoint, which lists the segment, too. The one before must be honoured
// until after the newer one is. When the newer one is let go while the segment is still read through an older one,
// honoured has to speak of that from then on.
func (l *Lease) Renew(honoured func() error) { l.honoured.Store(&honoured) }

// check returns an error if what was read before the call may be something else than it was.
func (l *Lease) check() error { return (*l.honoured.Load())() }

// leased returns the error of a read that has ended with err: the lease comes first, because without it
// nothing of a read means anything.
func (s *Space) leased(err error) error {
	if s.Lease == nil {
		return err
	}
	if gone := s.Lease.check(); gone != nil {
		return gone
	}
	return err
}

// readAt is that of the file, under the segment's lease.
func (s *Space) readAt(b []byte, off int64) (int, error) {
	n, err := s.File.readAt(b, off)
	return n, s.leased(err)
}

// readPages is that of the file, under the segment's lease.
func (s *Space) readPages(b []byte, p base.PageNo) (int, error) {
	n, err := s.File.readPages(b, p)
	return n, s.leased(err)
}

// RawLink is that of the file, under the segment's lease.
func (s *Space) RawLink(b base.BlockNo, next bool) (base.BlockNo, error) {
	link, err := s.File.RawLink(b, next)
	return link, s.leased(err)
}

// ForgetPages drops the pages from the cache that lie in the blocks of a stretch of the segment, which begins
// in the block of one page and ends in that of another. Which blocks these are is read from the file: what the
// cache has of them may be of another segment.
func (s *Space) ForgetPages(from, to base.PageNo) error {
	last := s.geo.Block(to)
	blocks := uint32(0)
	for b := s.geo.Block(from); ; {
		s.cache.drop(b)
		if b == last {
			return nil
		}
		if blocks++; blocks > s.Blocks() {
			return s.corrupt(from, errs.Corruptf("the segment's block links run in a circle"))
		}
		link, err := s.RawLink(b, true)
		if err != nil {
			return err
		}
		if b, err = s.follow(s.geo.LastPage(b), link); err != nil {
			return err
		}
	}
}
