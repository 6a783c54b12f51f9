// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/parser"
)

// follow notes what a statement does to the transaction, so that the prompt shows whether one is open. savepoints is
// nil without one; its first entry is that of BEGIN, with an empty name, or an outermost SAVEPOINT.
func (s *shell) follow(text string, err error) {
	list, parseErr := parser.Parse(text)
	if parseErr != nil || len(list) != 1 {
		return
	}
	p, compileErr := parser.Compile(list[0], nil)
	if compileErr != nil || err != nil && p.Op != parser.OpCommit {
		return
	}
	switch p.Op {
	case parser.OpBegin:
		s.savepoints = []string{""}
	case parser.OpCommit, parser.OpRollback:
		s.savepoints = nil
	case parser.OpSavepoint:
		s.savepoints = append(s.savepoints, p.Savepoint)
	case parser.OpRelease, parser.OpRollbackTo:
		s.savepoints = backTo(s.savepoints, p.Savepoint, p.Op == parser.OpRollbackTo)
	}
}

// backTo drops the savepoints from the newest of that name on, or, if it stays, those after it.
func backTo(list []string, name string, stays bool) []string {
	i := len(list) - 1
	for i >= 0 && list[i] != name {
		i--
	}
	if i < 0 {
		return list
	}
	if stays {
		i++
	}
	if i == 0 {
		return nil
	}
	return slices.Clip(list[:i])
}
