// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// tree is one of the trees in memory.
type tree struct {
	Content
	bytes, log float64
}

// job is a flush or a merge in progress.
type job struct {
	flush  bool
	inputs []*snapshot.Level
	age    uint16
	result Content
	pages  int64 // of the result
	cost   int64 // what is to be done, in pages' worth of work
	done   int64
	all    int64 // pages of the inputs
	// A merge is published in parts: part is how many of its pages were written then, and given how
	// many of its inputs' are given up.
	inParts     bool
	oldest      bool // it takes in the oldest level
	part, given int64
	rhs         []*segment.Segment // of the half-done merge
	halves      []Content          // what they hold
}

// recordsPerPage converts records read into pages of work, as package merge does.
const recordsPerPage = 64

// world is a database: the trees, the levels, the jobs, and the file.
type world struct {
	*Config
	ops       float64
	live, old tree
	hasOld    bool
	levels    []*snapshot.Level // newest first
	held      map[*snapshot.Level]Content
	half      map[*snapshot.Level]*job // those that are published in parts
	jobs      [merge.NumSlots]*job
	space     space
	logFreed  float64 // bytes of the log that the next checkpoint frees
	credit    float64
	seconds   float64 // that the background has had and not used
	waited    float64 // seconds that commits have waited for it
	worked    int64   // pages of work that were done
	seen      seen
}

func newWorld(c *Config) *world {
	return &world{Config: c, held: make(map[*snapshot.Level]Content), half: make(map[*snapshot.Level]*job)}
}

// fill says how full the live tree is.
func (w *world) fill() float64 {
	f := w.live.bytes / float64(w.Settings.AutoFlush)
	if w.Settings.MaxLog > 0 {
		f = max(f, w.live.log/(float64(w.Settings.MaxLog)/4))
	}
	return f
}

func (w *world) rotateIfFull() {
	if !w.hasOld && w.fill() >= 1 {
		w.old, w.live, w.hasOld = w.live, tree{}, true
	}
}

// segments counts the segments.
func (w *world) segments() int { return (&snapshot.Snapshot{Levels: w.levels}).NumSegments() }

// nextJob returns the job to go on with, or nil.
func (w *world) nextJob(flushOnly bool) *job {
	s := merge.Situation{Levels: w.levels, OldTree: w.hasOld, MinLevels: w.Settings.AutoMerge, FlushOnly: flushOnly,
		MaxGarbage: w.Settings.MaxGarbage, Lazy: true}
	for i, j := range w.jobs {
		if j != nil {
			s.Jobs[i] = merge.Running{On: true, Inputs: j.inputs}
		}
	}
	choose := w.Choose
	if choose == nil {
		choose = merge.Choose
	}
	c := choose(&s)
	switch c.Action {
	case merge.Nothing:
		return nil
	case merge.Begin, merge.Anew:
		w.jobs[c.Slot] = w.newJob(c)
	}
	return w.jobs[c.Slot]
}

func (w *world) newJob(c merge.Choice) *job {
	j := &job{flush: c.Slot == merge.Flush, inputs: slices.Clone(w.levels[c.Lo:c.Hi])}
	age := w.Age
	if age == nil {
		age = merge.Age
	}
	if c.Hi > c.Lo {
		j.age = age(w.levels, c.Lo, c.Hi)
		if half := w.half[j.inputs[0]]; half != nil { // it was left half done
			half.age = j.age
			return half
		}
	}
	var records float64
	for i := len(j.inputs) - 1; i >= 0; i-- {
		held := w.held[j.inputs[i]]
		records += held.values() + held.marks()
		j.all += j.inputs[i].Seg.Size
		j.result = w.Keys.over(held, j.result)
	}
	if j.flush {
		records += w.old.values() + w.old.marks()
		j.result = w.Keys.over(w.old.Content, j.result)
	}
	if c.Hi == len(w.levels) {
		j.result, j.oldest = w.Keys.oldest(j.result), true
	}
	j.inParts = !j.flush && len(j.inputs) >= merge.LeastInputs(j.oldest)
	j.pages = w.pages(j.result)
	j.cost = max(j.pages, int64(records/recordsPerPage), 1)
	return j
}

// step works on a job, and publishes its result when it is done. It returns the work done.
func (w *world) step(j *job, budget int64) int64 {
	n := min(budget, j.cost-j.done)
	before := j.pages * j.done / j.cost
	j.done += n
	w.worked += n
	w.space.write(j.pages*j.done/j.cost - before)
	switch written := j.pages * j.done / j.cost; {
	case j.done == j.cost:
		w.publish(j)
		w.autoCheckpoint()
	case j.inParts && written-j.part >= w.partPages(j):
		w.publishPart(j)
		w.autoCheckpoint()
	}
	return n
}

// partPages is how many pages a part of a merge has at least, as package worker says.
func (w *world) partPages(j *job) int64 {
	if !j.oldest {
		return max(j.all/partOfInputs, youngPartBlocks*int64(w.BlockSize/w.PageSize))
	}
	least := min(partBlocks*int64(w.BlockSize), w.Settings.AutoCheckpoint) / int64(w.PageSize)
	return max(j.all/partOfInputs, least, 1)
}

// publishPart puts a half-done merge in the place of its inputs, or of what it was before.
func (w *world) publishPart(j *job) {
	if len(j.halves) == 0 {
		for _, l := range j.inputs {
			j.rhs = append(j.rhs, l.Seg)
			j.halves = append(j.halves, w.held[l])
		}
	}
	half := &snapshot.Level{Age: merge.HalfAge(j.age, j.oldest), Seg: &segment.Segment{Segment: format.Segment{Size: j.pages * j.done / j.cost}},
		Merging: &snapshot.Merging{Ours: true, RHS: j.rhs}}
	at := slices.Index(w.levels, j.inputs[0])
	w.levels = slices.Replace(w.levels, at, at+len(j.inputs), half)
	for _, l := range j.inputs {
		delete(w.held, l)
		delete(w.half, l)
	}
	w.held[half], w.half[half] = j.result, j
	j.inputs = []*snapshot.Level{half}
	j.part = j.pages * j.done / j.cost
	w.giveUp(j, w.wholeBlocks(j))
}

// wholeBlocks returns how many pages the inputs of a job can give up: each of them whole blocks.
func (w *world) wholeBlocks(j *job) (pages int64) {
	block := int64(w.BlockSize / w.PageSize)
	for _, seg := range j.inputs[0].Merging.RHS {
		pages += seg.Size * j.done / j.cost / block * block
	}
	return pages
}

// giveUp gives up pages of the inputs of a job, up to the given number in all.
func (w *world) giveUp(j *job, pages int64) {
	w.space.drop(pages - j.given)
	j.given = pages
}

// publish puts the result of a job in the place of its inputs.
func (w *world) publish(j *job) {
	at := 0
	if len(j.inputs) > 0 {
		at = slices.Index(w.levels, j.inputs[0])
		w.levels = slices.Delete(w.levels, at, at+len(j.inputs))
	}
	for _, l := range j.inputs {
		delete(w.held, l)
		delete(w.half, l)
	}
	w.giveUp(j, j.all)
	if len(j.inputs) > 0 && at > 0 {
		j.age = max(j.age, w.levels[at-1].Age)
	}
	if j.pages > 0 {
		l := &snapshot.Level{Age: j.age, Seg: &segment.Segment{Segment: format.Segment{Size: j.pages}}}
		w.held[l] = j.result
		w.levels = slices.Insert(w.levels, at, l)
	}
	if j.flush {
		w.logFreed += w.old.log
		w.old, w.hasOld = tree{}, false
		w.seen.flushes++
	} else {
		w.seen.merged(j.cost)
	}
	w.jobs[slices.Index(w.jobs[:], j)] = nil
	w.seen.segments = max(w.seen.segments, w.segments())
}

// autoCheckpoint stores a checkpoint if one is due, as the ledger and the worker's limits say.
func (w *world) autoCheckpoint() {
	file := w.Settings.AutoCheckpoint
	log := float64(w.Settings.MaxLog) / 2
	if w.Settings.MaxLog <= 0 || file > 0 && float64(file) < log {
		log = float64(file)
	}
	freed := w.space.waiting*int64(w.PageSize) >= file/4 && w.space.waiting >= w.space.file/16
	if file > 0 && freed || file > 0 && w.space.since*int64(w.PageSize) >= file || log > 0 && w.logFreed >= log {
		w.space.checkpoint()
		w.logFreed = 0
	}
}
