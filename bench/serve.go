// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

// What a child may do.
const (
	roleMeasure = "measure"
	roleBuild   = "build"
)

// serve is a child's main function. An interrupt from the keyboard reaches it, too, and is left to the
// parent, which kills it.
func serve(role string) int {
	signal.Ignore(os.Interrupt)
	switch role {
	case roleMeasure:
		return child.Main(func(t work.Task) (report.Repetition, error) {
			d, err := stores.Find(t.Store)
			if err != nil {
				return report.Repetition{}, err
			}
			return work.Run(t, d)
		})
	case roleBuild:
		return child.Main(func(t work.Task) (built, error) {
			d, err := stores.Find(t.Store)
			if err != nil {
				return built{}, err
			}
			return built{}, work.Build(t, d)
		})
	}
	fmt.Fprintf(os.Stderr, "bench: a child cannot %q\n", role)
	return 2
}

// built is the answer of a child that has built a database.
type built struct{}
