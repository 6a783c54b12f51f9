// SPDX-License-Identifier: Apache-2.0

package simulate

// reopen closes the database and opens it again: the trees are flushed, a checkpoint is stored, and
// jobs end. What was published of a merge stays, and it goes on from there.
func (w *world) reopen() {
	w.work(unlimited, true)
	if w.live.bytes > 0 {
		w.old, w.live, w.hasOld = w.live, tree{}, true
		w.work(unlimited, true)
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
	w.space.checkpoint()
	w.logFreed, w.credit, w.seconds = 0, 0, 0
}
