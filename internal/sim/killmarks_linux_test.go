// SPDX-License-Identifier: Apache-2.0

package sim_test

// killMarks are the kinds of calls of each phase at which some process is killed in every run: all that a database
// makes that has readers, a mapping and hardly any cache.
var killMarks = marksOf(map[string][]string{
	"create": {
		"create", "lock", "lock range", "map", "mapped write", "name", "open", "own", "read", "stat",
		"sync", "syncdir", "write",
	},
	"open": {
		"create", "lock", "lock range", "map", "mapped read", "mapped write", "name", "open", "own", "read",
		"stat", "write",
	},
	"recovery": {
		"close", "create", "lock", "lock range", "map", "mapped read", "mapped write", "name", "open",
		"own", "read", "remove", "stat", "sync", "syncdir", "truncate", "write",
	},
	"write": {
		"lock", "lock range", "mapped read", "mapped write", "read", "stat", "sync", "syncdir", "write",
	},
	"flush": {
		"lock", "lock range", "mapped read", "mapped write", "stat", "sync", "write",
	},
	"merge": {
		"lock", "lock range", "mapped read", "mapped write", "stat", "sync", "write",
	},
	"checkpoint": {
		"lock", "mapped write", "stat", "sync", "write",
	},
	"optimize": {
		"lock", "lock range", "mapped read", "mapped write", "stat", "sync", "truncate", "write",
	},
	"backup": {
		"close", "create", "lock", "mapped read", "name", "open", "own", "rename", "stat", "sync",
		"syncdir", "write",
	},
	"copy": {
		"close", "create", "lock", "mapped write", "name", "open", "own", "read", "rename", "stat", "sync",
		"syncdir", "write",
	},
	"keys": {
		"lock", "lock range", "mapped read", "mapped write", "stat", "sync", "syncdir", "write",
	},
	"close": {
		"close", "lock", "lock range", "mapped write", "remove", "stat", "sync", "syncdir", "unmap", "write",
	},
	"rescue": {
		"close", "create", "lock", "name", "open", "read", "rename", "stat", "sync", "syncdir", "write",
	},
	"read": {
		"close", "lock", "lock range", "map", "mapped read", "name", "open", "read", "stat", "unmap",
	},
	"attach": {
		"close", "lock", "lock range", "map", "name", "open", "read", "unmap",
	},
})

func marksOf(kinds map[string][]string) (marks []string) {
	for phase, list := range kinds {
		for _, kind := range list {
			marks = append(marks, phase+": "+kind)
		}
	}
	return marks
}
