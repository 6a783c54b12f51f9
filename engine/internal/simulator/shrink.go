// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ShrinkTries is how many programs Shrink runs at most, and ShrinkTime how long it takes at most, if nobody says
// otherwise: it begins with no other program after that.
const (
	ShrinkTries = 200
	ShrinkTime  = 2 * time.Minute
)

// Shrink leaves out as many operations of a program that fails as it can find, so that it still fails: halves of what
// is left first, then ever smaller parts. It returns the shorter program and its error, and takes no longer than most
// and one more program; 0 is ShrinkTime. A program that hangs is shrunk to one that hangs.
func Shrink(t *testing.T, p Program, err error, most time.Duration) (Program, error) {
	t.Helper()
	if most == 0 {
		most = ShrinkTime
	}
	end := time.Now().Add(most)
	var h *hang
	hangs := errors.As(err, &h)
	if hangs {
		p.Steps = shrinkSteps
	}
	fails := func(p Program) error {
		_, err := Run(t, p)
		if hangs && !errors.As(err, &h) {
			return nil
		}
		return err
	}
	often := p
	often.Looks = 1 // so that it does not matter how many steps come before
	if failed := fails(often); failed != nil {
		p, err = often, failed
	}
	left := newPlan(p.Seed, p.Without).numbers()
	tries := 0
	more := func() bool { return tries < ShrinkTries && time.Now().Before(end) }
	for part := (len(left) + 1) / 2; part > 0 && more(); {
		shorter := false
		for at := 0; at < len(left) && more(); {
			without := maps.Clone(p.Without)
			if without == nil {
				without = make(map[int]bool)
			}
			for _, n := range left[at:min(at+part, len(left))] {
				without[n] = true
			}
			try := p
			try.Without = without
			tries++
			if failed := fails(try); failed != nil {
				p, err = try, failed
				left = slices.Delete(left, at, min(at+part, len(left)))
				shorter = true
			} else {
				at += part
			}
		}
		if part > 1 || !shorter {
			part /= 2
		}
	}
	return p, err
}

// numbers returns the numbers of all operations of a plan.
func (p *plan) numbers() (list []int) {
	for _, s := range p.sessions {
		for _, t := range s.tasks {
			for _, o := range t.ops {
				list = append(list, o.no)
			}
		}
	}
	return list
}

// Only returns the program of a seed of which only some operations are left, in the form that Kept has.
func Only(seed uint64, only string) (Program, error) {
	p := Program{Seed: seed, Without: make(map[int]bool)}
	for _, n := range newPlan(seed, nil).numbers() {
		p.Without[n] = true
	}
	for _, text := range strings.Split(only, ",") {
		first, last, isRange := strings.Cut(text, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil {
			return p, fmt.Errorf("%q: numbers of operations look like 3,8-12", only)
		}
		for n := from; n <= to; n++ {
			delete(p.Without, n)
		}
	}
	return p, nil
}

// Kept returns the numbers of the operations of a program.
func (p Program) Kept() string {
	var parts []string
	list := newPlan(p.Seed, p.Without).numbers()
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		part := strconv.Itoa(list[i])
		if j > i {
			part += "-" + strconv.Itoa(list[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
