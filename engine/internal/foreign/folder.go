// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"bytes"
	"strings"
)

// Names are the names in a folder, or some of them if there are many, and a way to look at one.
type Names struct {
	Some []string
	// Read returns the beginning of the file of that name, at most FirstBytes, or false if
	// there is none. It is asked about names that are not among Some, too.
	Read func(name string) (first []byte, ok bool)
}

// LookAtFolder says of which database a folder is.
func LookAtFolder(n Names) Found {
	if first, ok := n.Read("data.mdb"); ok && look(first, kindIs(LMDB)).Kind == LMDB {
		return Found{LMDB, "the folder of an LMDB database"}
	}
	if first, ok := n.Read("MANIFEST"); ok && look(first, kindIs(BadgerPart)).Kind == BadgerPart {
		return Found{Badger, "the folder of a Badger database"}
	}
	if first, ok := n.Read("WiredTiger"); ok && bytes.HasPrefix(first, []byte("WiredTiger")) {
		return Found{WiredTiger, "the folder of a WiredTiger database"}
	}
	if f := n.levelFolder(); f.Kind != "" {
		return f
	}
	return Found{Folder, "a folder"}
}

// levelFolder distinguishes the databases that descend from LevelDB. All have a file that names
// the newest manifest, or, in newer versions of Pebble, one whose own name does; only the
// younger ones write down their options.
func (n Names) levelFolder() Found {
	current, ok := n.Read("CURRENT")
	named := ok && bytes.HasPrefix(current, []byte("MANIFEST-"))
	options := false
	for _, name := range n.Some {
		switch {
		case strings.HasPrefix(name, "marker.manifest."):
			named = true
		case strings.HasPrefix(name, "OPTIONS-"):
			first, _ := n.Read(name)
			options = options || len(first) > 0
			if bytes.Contains(first, []byte("pebble_version")) {
				return Found{Pebble, "the folder of a Pebble database"}
			}
			if bytes.Contains(first, []byte("rocksdb_version")) {
				return Found{RocksDB, "the folder of a RocksDB database"}
			}
		}
	}
	if !named {
		return Found{}
	}
	if _, ok := n.Read("IDENTITY"); ok {
		return Found{RocksDB, "the folder of a RocksDB database"}
	}
	if options {
		return Found{LevelPart, "the folder of a LevelDB, RocksDB or Pebble database"}
	}
	return Found{LevelDB, "the folder of a LevelDB database"}
}

func kindIs(k Kind) func(sign) bool { return func(s sign) bool { return s.kind == k } }
