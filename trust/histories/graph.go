// SPDX-License-Identifier: Apache-2.0

package histories

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// edge says why one transaction comes before another one.
type edge uint8

const (
	ww edge = 1 << iota // the other one has overwritten what it wrote
	wr                  // the other one has seen what it wrote
	rw                  // the other one has overwritten what it saw
	rt                  // it had ended when the other one began
)

var edgeNames = map[edge]string{ww: "is overwritten by", wr: "is seen by", rw: "has not seen", rt: "has ended before"}

// graph has a node for each transaction, and one for each moment at which one has ended.
type graph struct {
	txns []ListTxn
	out  []map[int]edge // of each node: the nodes after it, and all the reasons
}

func (g *graph) add(from, to int, why edge) {
	if from == to {
		return
	}
	if g.out[from] == nil {
		g.out[from] = make(map[int]edge)
	}
	g.out[from][to] |= why
}

// Graph returns nil if no anomaly can be found in what transactions on lists have seen. The error of one names it as
// Adya does: G0 is a circle of writes that overwrite each other; G1a has seen what was rolled back; G1b has seen a part
// of a transaction; in the circle of a G1c each transaction has overwritten or seen the one before; with one step
// in which it has not seen the next one it is G-single (a lost update, a read that is skewed), with several it is G2 (a
// skewed write). "In real time" are those that need, besides, that one transaction had ended before
// another one began.
func Graph(txns []ListTxn) error {
	e, err := gather(txns)
	if err != nil {
		return err
	}
	g := e.graph()
	tangled := g.tangle(ww | wr | rw | rt)
	if tangled == nil {
		return nil
	}
	for _, time := range []edge{0, rt} {
		suffix := ""
		if time != 0 {
			suffix = " in real time"
		}
		for _, kind := range []struct {
			name        string
			steps, once edge
		}{{"G0", ww, ww}, {"G1c", ww | wr, ww | wr}, {"G-single", ww | wr, rw}, {"G2", ww | wr | rw, rw}} {
			if path := g.circle(kind.steps|time, kind.once); path != nil {
				return fmt.Errorf("%w: %s%s: %s", ErrAnomaly, kind.name, suffix, g.describe(path, kind.steps|time, kind.once))
			}
		}
	}
	return fmt.Errorf("%w: a circle of %d transactions that have ended before each other: the clock is wrong", ErrAnomaly, len(tangled))
}

// graph makes the graph of those transactions that took place.
func (e *evidence) graph() *graph {
	g := &graph{txns: e.txns, out: make([]map[int]edge, len(e.txns))}
	shown := make(map[int]bool) // those of which an element was seen
	pos := make(map[uint32]int)
	for _, order := range e.order {
		for i, v := range order {
			pos[v] = i
			shown[e.from[v].txn] = true
			if i > 0 {
				g.add(e.from[order[i-1]].txn, e.from[v].txn, ww)
			}
		}
	}
	there := func(i int) bool {
		return e.txns[i].Outcome == Committed || e.txns[i].Outcome == Unknown && shown[i]
	}
	// Elements that no list shows come after all that one does, in an order that nobody knows.
	unseen := make(map[int][]int)
	for v, w := range e.from {
		if _, ok := pos[v]; !ok && e.txns[w.txn].Outcome == Committed {
			unseen[w.key] = append(unseen[w.key], w.txn)
		}
	}
	for _, s := range e.seen {
		if !there(s.txn) {
			continue
		}
		if n := len(s.list); n > 0 {
			g.add(e.from[s.list[n-1]].txn, s.txn, wr)
		}
		if order := e.order[s.key]; len(s.list) < len(order) {
			g.add(s.txn, e.from[order[len(s.list)]].txn, rw)
			continue
		}
		for _, w := range unseen[s.key] {
			g.add(s.txn, w, rw)
		}
	}
	g.time(there)
	return g
}

// time adds the edges of real time, through one node for each moment at which a transaction has ended.
func (g *graph) time(there func(int) bool) {
	var ended []int
	for i := range g.txns {
		if there(i) && g.txns[i].Outcome != Unknown {
			ended = append(ended, i)
		}
	}
	slices.SortFunc(ended, func(a, b int) int { return int(min(1, max(-1, g.txns[a].Return-g.txns[b].Return))) })
	first := len(g.out)
	g.out = append(g.out, make([]map[int]edge, len(ended))...)
	for n, i := range ended {
		g.add(i, first+n, rt)
		if n > 0 {
			g.add(first+n-1, first+n, rt)
		}
	}
	for i := range g.txns {
		if !there(i) {
			continue
		}
		if n := sort.Search(len(ended), func(n int) bool { return g.txns[ended[n]].Return >= g.txns[i].Call }); n > 0 {
			g.add(first+n-1, i, rt)
		}
	}
}

// circle returns a circle, the first node again at its end, that begins with one of the steps once and goes on with
// some of the others. It returns nil if there is none.
func (g *graph) circle(steps, once edge) []int {
	for from := range g.out {
		for to, why := range g.out[from] {
			if why&once == 0 {
				continue
			}
			if path := g.path(to, from, steps); path != nil {
				return append([]int{from}, path...)
			}
		}
	}
	return nil
}

// path returns a shortest path along some kinds of steps.
func (g *graph) path(from, to int, steps edge) []int {
	before := map[int]int{from: from}
	queue := []int{from}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if n == to {
			path := []int{n}
			for n != from {
				n = before[n]
				path = append(path, n)
			}
			slices.Reverse(path)
			return path
		}
		for next, why := range g.out[n] {
			if _, known := before[next]; !known && why&steps != 0 {
				before[next] = n
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// tangle returns the nodes of all circles, with what comes after them, or nil if there is no circle. Nodes that
// nothing unfinished comes before are taken away until none is left, or only circles and what comes after them are.
func (g *graph) tangle(steps edge) []int {
	waits := make([]int, len(g.out))
	for _, out := range g.out {
		for to, why := range out {
			if why&steps != 0 {
				waits[to]++
			}
		}
	}
	var free []int
	for n, before := range waits {
		if before == 0 {
			free = append(free, n)
		}
	}
	left := len(g.out)
	for len(free) > 0 {
		n := free[len(free)-1]
		free = free[:len(free)-1]
		left--
		for to, why := range g.out[n] {
			if why&steps == 0 {
				continue
			}
			if waits[to]--; waits[to] == 0 {
				free = append(free, to)
			}
		}
	}
	if left == 0 {
		return nil
	}
	var stuck []int
	for n, before := range waits {
		if before > 0 {
			stuck = append(stuck, n)
		}
	}
	return stuck
}

// describe writes down a circle.
func (g *graph) describe(path []int, steps, once edge) string {
	var b strings.Builder
	for i, n := range path[:len(path)-1] {
		if n >= len(g.txns) {
			continue
		}
		why := g.out[n][path[i+1]] & steps
		if i == 0 {
			why = g.out[n][path[1]] & once
		}
		fmt.Fprintf(&b, "\n%v\n  which %s", &g.txns[n], edgeNames[why&-why])
	}
	fmt.Fprintf(&b, "\n%v", &g.txns[path[len(path)-1]%len(g.txns)])
	return b.String()
}
