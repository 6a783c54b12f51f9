// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Verify checks a raw page that was just read, the page sum first, then its structure,
// and returns its content area. A page that came out of its box as it was put in needs no look at its sum:
// the box's tag says more. What a codec makes of it does.
func (s *Space) Verify(p base.PageNo, raw []byte) (format.Page, error) {
	if s.Box == nil || s.layout.codec() != nil {
		if detail := s.Unfit(p, raw); detail != "" {
			s.stats.badPages.Add(1)
			return nil, s.corrupt(p, errs.Corruptf("%s", detail))
		}
	}
	page := s.geo.Content(p, raw)
	if err := format.ValidatePage(page); err != nil {
		var big *errs.Error
		if errors.As(err, &big) && big.Code == errs.CodeTooBig {
			big.Op, big.Path = "read", s.path
			big.Detail = fmt.Sprintf("page %d at offset %d: %s", p, s.geo.Offset(p), big.Detail)
			return nil, big
		}
		s.stats.badPages.Add(1)
		return nil, s.corrupt(p, err)
	}
	return page, nil
}

// Unfit says why a raw page is none of the segment's by its page sum; "" if it can be.
func (s *Space) Unfit(p base.PageNo, raw []byte) string {
	if s.Sealed && s.Seal != 0 && format.SealOf(s.Original(p), raw) == s.Seal {
		return "" // as nearly always
	}
	stored := s.geo.StoredSum(p, raw)
	switch {
	case !s.Sealed && stored == 0:
		return ""
	case s.Partly && (s.geo.SumGood(p, s.Original(p), raw, s.Seal) || s.geo.Content(p, raw).IsBTree()):
		return "" // C lsm1 copies b-tree pages, with the sum that they had elsewhere
	case s.Partly:
		return "the page sum does not match: the page was damaged, or belongs elsewhere"
	case !s.Sealed:
		return "the page carries a page sum, unlike the others of its segment, which C lsm1 wrote: it was damaged or belongs elsewhere"
	case s.geo.SumGood(p, s.Original(p), raw, s.Seal):
		return ""
	case stored == 0:
		return "the page has no page sum, unlike the others of its segment: it was damaged or never written"
	}
	return "the page sum does not match: the page was damaged, belongs elsewhere, or is what stood here before"
}
