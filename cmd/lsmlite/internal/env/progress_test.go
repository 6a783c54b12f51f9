// SPDX-License-Identifier: Apache-2.0

package env

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestProgressLines holds what is written where no bar can be drawn: nothing in the first
// second, then a line every five seconds.
func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		e := &Env{Stderr: &out}
		p := e.Progress("import", Rows, 1000)
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		if out.Len() > 0 {
			t.Errorf("%q was written within a second", out.String())
		}
		p.Set(200)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		p.Add(50)
		p.SetTotal(500)
		time.Sleep(4900 * time.Millisecond)
		p.Done()
		p.Done()
		want := "import: 200 rows, 200 rows/s, 20% of 1000 rows, 4s left\n" +
			"import: 250 rows, 41 rows/s, 50% of 500 rows, 6s left\n"
		if out.String() != want {
			t.Errorf("lines:\n%swant:\n%s", out.String(), want)
		}
	})
}

// TestProgressOfMeasurements: what is done changes, and there is no rate of what is done a few times.
func TestProgressOfMeasurements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := (&Env{Stderr: &out}).Progress("bench", Measurements, 4)
		p.SetWhat("fillseq")
		p.Set(1)
		time.Sleep(2 * time.Second)
		p.SetWhat("readseq")
		p.Set(3)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		p.Done()
		want := "fillseq: 1 measurement, 25% of 4 measurements, 3s left\n" +
			"readseq: 3 measurements, 75% of 4 measurements, 2s left\n"
		if out.String() != want {
			t.Errorf("lines:\n%swant:\n%s", out.String(), want)
		}
	})
}

// TestShortWorkShowsNothing holds that work of less than a second leaves no goroutine and no line.
func TestShortWorkShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := (&Env{Stderr: &out}).Progress("check", Bytes, 0)
		p.Add(1)
		p.Done()
		if out.Len() > 0 {
			t.Errorf("%q", out.String())
		}
	})
}

// TestQuiet holds that --quiet shows nothing, and that the calls may be made all the same.
func TestQuiet(t *testing.T) {
	p := (&Env{Globals: Globals{Quiet: true}}).Progress("check", Bytes, 0)
	p.Add(1)
	p.Set(1)
	p.SetTotal(1)
	p.SetWhat("stats")
	p.Done()
	if p != nil {
		t.Error("--quiet has a Progress")
	}
}
