// SPDX-License-Identifier: Apache-2.0

package simulate

// reopen closes the database and opens it again: what is done of merges is published, the trees are
// flushed, a checkpoint is stored, and jobs end. Merges go on from there.
func (w *world) reopen() {
	for _, j := range w.jobs {
		if j != nil && j.inParts && j.pages*j.done/j.cost-j.part >= leftPages {
			w.publishPart(j)
		}
	}
	for slot, j := range w.jobs {
		if j == nil {
			continue
		}
		w.space.free += j.pages*j.done/j.cost - j.part
		if j.part > 0 {
			j.done = j.part * j.cost / j.pages
			w.seen.resumed++
		}
		w.jobs[slot] = nil
	}
	w.work(unlimited, true)
	if w.live.bytes > 0 {
		w.old, w.live, w.hasOld = w.live, tree{}, true
		w.work(unlimited, true)
	}
	w.space.checkpoint()
	w.logFreed, w.credit, w.seconds = 0, 0, 0
}
