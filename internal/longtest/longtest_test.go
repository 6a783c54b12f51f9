// SPDX-License-Identifier: Apache-2.0

package longtest_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// listener is a test that keeps what is logged.
type listener struct {
	testing.TB
	lines []string
}

func (l *listener) Helper() {}
func (l *listener) Logf(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for cases, want := range map[int][]string{
			30: {"takes about 8s of CPU time; 30 cases", "5 of 30 cases after 5s", "10 of 30 cases after 10s"},
			0:  {"takes about 8s of CPU time", "5 cases after 5s", "10 cases after 10s"},
		} {
			l := &listener{TB: t}
			p := longtest.Start(l, 8*time.Second, cases)
			for range 12 {
				time.Sleep(time.Second)
				p.Step()
			}
			if !slices.Equal(l.lines, want) {
				t.Errorf("%d cases: %q, want %q", cases, l.lines, want)
			}
		}
		l := &listener{TB: t}
		p := longtest.Start(l, time.Second, 0).Counting("units")
		time.Sleep(5 * time.Second)
		p.Step()
		if want := "1 units after 5s"; l.lines[1] != want {
			t.Errorf("%q, want %q", l.lines[1], want)
		}
	})
}
