// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

const remoteFlag = "--remote"

// withRemote makes of a command line with --remote one whose first argument, the database file, is the
// address of the program that has it open, if the subcommand wants that. A subcommand that cannot
// ask a program is refused, before anything else is looked at.
func withRemote(root *kong.Node, args []string) ([]string, error) {
	address, ok := remoteIn(root, args)
	if !ok {
		return args, nil
	}
	node, at := command(root, args)
	if node == nil || !asksRemote(node) {
		return nil, refuseRemote(root, node)
	}
	if !node.Target.Interface().(env.AsksRemote).AsksRemote() {
		return args, nil
	}
	return slices.Insert(slices.Clone(args), at+1, address), nil
}

// remoteIn returns the value of --remote.
func remoteIn(root *kong.Node, args []string) (address string, ok bool) {
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			break
		}
		if value, is := strings.CutPrefix(args[i], remoteFlag+"="); is {
			return value, true
		}
		if args[i] == remoteFlag && i+1 < len(args) {
			return args[i+1], true
		}
		if awaits(root, args[i]) != nil {
			i++
		}
	}
	return "", false
}

// command returns the subcommand that a command line names, and where its last word is; nil if there is none.
func command(root *kong.Node, args []string) (*kong.Node, int) {
	n, at := root, 0
	for i := 0; i < len(args); i++ {
		if strings.HasPrefix(args[i], "-") {
			if awaits(n, args[i]) != nil {
				i++
			}
			continue
		}
		j := slices.IndexFunc(n.Children, func(c *kong.Node) bool { return c.Name == args[i] })
		if j < 0 {
			break
		}
		n, at = n.Children[j], i
	}
	if n == root {
		return nil, 0
	}
	return n, at
}

// asksRemote says whether a subcommand can ask a program.
func asksRemote(n *kong.Node) bool {
	_, ok := n.Target.Interface().(env.AsksRemote)
	return ok
}

// refuseRemote says which subcommands can ask a program.
func refuseRemote(root, n *kong.Node) error {
	var can []string
	for _, c := range leaves(root) {
		if asksRemote(c) {
			can = append(can, c.Name)
		}
	}
	what := "the shell"
	if n != nil {
		what = n.FullPath()
	}
	if len(can) == 0 {
		return env.Errorf(env.Usage, "%s works on the file itself: it cannot ask a running program, as --remote wants", what)
	}
	return env.Errorf(env.Usage, "%s works on the file itself: it cannot ask a running program, as --remote wants. These can: %s",
		what, strings.Join(can, ", "))
}
