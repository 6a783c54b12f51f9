// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// What a child does.
const (
	RoleMeasure = "measure" // a Task; the answer is a report.Repetition
	RoleBuild   = "build"   // a Task, whose database is built; the answer is Built
	roleVictim  = "victim"  // a victimTask; there is no answer, because the child is killed
)

// Built is the answer of a child that has built a database.
type Built struct {
	// Unsettled says that the store was still at work after Task.Rest, so that its files are not yet
	// in the form to which it brings them.
	Unsettled bool
}

// Serve is a child's main function, and returns its exit code. An interrupt from the keyboard reaches
// children, too, and is left to the parent, which kills them.
func Serve(role string, find func(name string) (kv.Driver, error)) int {
	signal.Ignore(os.Interrupt)
	switch role {
	case RoleMeasure:
		return child.Main(with(find, Run))
	case RoleBuild:
		return child.Main(with(find, Build))
	case roleVictim:
		return child.Main(func(v victimTask) (Built, error) {
			d, err := find(v.Store)
			if err != nil {
				return Built{}, err
			}
			return Built{}, v.write(d)
		})
	}
	fmt.Fprintf(os.Stderr, "bench: a child cannot %q\n", role)
	return 2
}

// with finds the store of a task.
func with[Answer any](find func(name string) (kv.Driver, error), do func(Task, kv.Driver) (Answer, error)) func(Task) (Answer, error) {
	return func(t Task) (answer Answer, err error) {
		d, err := find(t.Store)
		if err != nil {
			return answer, err
		}
		return do(t, d)
	}
}
