// SPDX-License-Identifier: Apache-2.0

package check

// layout checks, in a compressed file, how the records of a segment follow each other, from
// its first byte to its last: that every record is a page or padding, that both of its ends
// say so and agree on its length, that none is longer than the codec makes a page, and that only
// padding is between the last page and the end. What the pages hold is looked at elsewhere.
func (c *checker) layout(s *checkedSegment) {
	if !s.whole || c.stopped() {
		return
	}
	lastPage, err := c.reader(s).Layout(s.First, s.Last)
	if err != nil {
		c.fail(s, 0, err)
		return
	}
	if lastPage != s.LastPage {
		c.report(s, lastPage, "the last page from the front is %d, from the end %d", lastPage, s.LastPage)
	}
}
