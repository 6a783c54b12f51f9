// SPDX-License-Identifier: Apache-2.0

package simulate

// space is the file, in pages: those in use, those that are free, and those that are free as soon
// as a checkpoint is stored.
type space struct {
	free, waiting int64
	file, most    int64 // its length, and the greatest
	since         int64 // pages written since the checkpoint before
	written       int64
}

// write takes pages for a job, free ones first.
func (s *space) write(pages int64) {
	s.written += pages
	s.since += pages
	reused := min(s.free, pages)
	s.free -= reused
	s.file += pages - reused
	s.most = max(s.most, s.file)
}

// drop gives back the pages of segments that nothing shows any more.
func (s *space) drop(pages int64) { s.waiting += pages }

// checkpoint makes them free.
func (s *space) checkpoint() {
	s.free += s.waiting
	s.waiting, s.since = 0, 0
}
