// SPDX-License-Identifier: Apache-2.0

package blockfile

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

func (l *packed) nextBlock(s *Space, b base.BlockNo) (base.BlockNo, error) {
	return blockLink(s, b, true)
}

func (l *packed) prevBlock(s *Space, b base.BlockNo) (base.BlockNo, error) {
	return blockLink(s, b, false)
}

// blockLink reads a block link of a compressed file.
func blockLink(s *Space, b base.BlockNo, next bool) (base.BlockNo, error) {
	to, err := s.RawLink(b, next)
	if err != nil {
		return 0, err
	}
	p := s.geo.FirstPage(b)
	if next {
		p = s.geo.LastPage(b)
	}
	return s.follow(p, to)
}
