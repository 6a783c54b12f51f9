// SPDX-License-Identifier: Apache-2.0

// Package holder finds the processes that have a database open, so that an error of opening can
// name them. It only looks, and takes no lock. Any package of the command may call it.
package holder

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Process is a process that has a file open.
type Process struct {
	PID     int
	Command string // the name of its program; empty if that is not known
}

// String names the process.
func (p Process) String() string {
	if p.Command == "" {
		return fmt.Sprintf("process %d", p.PID)
	}
	return fmt.Sprintf("process %d (%s)", p.PID, text.Message(p.Command))
}

// ErrUnknown means that the operating system does not say who has a file open.
var ErrUnknown = errors.New("this operating system does not say which process has the file open")

// logSuffix makes the name of a log of that of its database.
const logSuffix = "-log"

// Found is what a look at all processes came to.
type Found struct {
	Processes []Process // by PID, without this one
	// Hidden says that the files of some processes could not be looked at, such as those of other users.
	Hidden bool
}

// Find returns the processes that have the database at path, or its log, open. It fails with
// ErrUnknown where that cannot be found out.
func Find(path string) (Found, error) { return find(path) }

// Explain says in one sentence who has the database at path open, or why that is not known.
func Explain(path string) string {
	found, err := Find(path)
	switch {
	case errors.Is(err, ErrUnknown):
		return "It is not known who has it open: " + err.Error() + "."
	case err != nil:
		return "It is not known who has it open: " + err.Error()
	case len(found.Processes) == 0 && found.Hidden:
		return "It is not known who has it open: it is none of your own processes, and those of other users cannot be looked at."
	case len(found.Processes) == 0:
		return "By now no process has it open; try again."
	}
	var names []string
	for _, p := range found.Processes {
		names = append(names, p.String())
	}
	if len(names) == 1 {
		return "It is open in " + names[0] + "."
	}
	return "It is open in " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + "."
}
