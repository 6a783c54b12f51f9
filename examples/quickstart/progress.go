// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"time"
)

// progress shows on a terminal how far the work is; elsewhere it is silent.
type progress struct {
	verb string
	on   bool
	next time.Time
}

func newProgress(verb string) *progress {
	info, err := os.Stderr.Stat()
	return &progress{verb: verb, on: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) show(t total) {
	if p.on && time.Now().After(p.next) {
		p.next = time.Now().Add(100 * time.Millisecond)
		fmt.Fprintf(os.Stderr, "\r%s %d rows, %.0f MiB ", p.verb, t.rows, t.mib())
	}
}

func (p *progress) done() {
	if p.on {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}
