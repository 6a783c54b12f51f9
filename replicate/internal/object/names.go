// SPDX-License-Identifier: Apache-2.0

package object

import (
	"fmt"
	"strconv"
	"strings"
)

// Generations is what all names begin with. MaxGeneration and MaxParts are the greatest numbers that names have room
// for.
const (
	Generations   = "gen/"
	MaxGeneration = 99_999_999
	MaxParts      = 100_000_000
)

// GenerationPrefix is what the names of a generation begin with. After is a name greater than all of these, and not
// than those of the next generation.
func GenerationPrefix(gen uint64) string { return fmt.Sprintf("%s%08d/", Generations, gen) }

// AfterGeneration is greater than all names of a generation, and less than those of the next one.
func AfterGeneration(gen uint64) string { return fmt.Sprintf("%s%08d0", Generations, gen) }

// BaseName is the name of the object that claims a generation.
func BaseName(gen uint64) string { return GenerationPrefix(gen) + "base" }

// LogPrefix is what the names of a generation's log objects begin with.
func LogPrefix(gen uint64) string { return GenerationPrefix(gen) + "log/" }

// LogName is the name of a log object.
func LogName(gen, first uint64, part int) string {
	return fmt.Sprintf("%s%020d-%05d", LogPrefix(gen), first, part)
}

// AfterLog is greater than the names of all log objects that begin with a transaction up to seq, and less than those
// of others.
func AfterLog(gen, seq uint64) string { return fmt.Sprintf("%s%020d~", LogPrefix(gen), seq) }

// SnapshotsPrefix is what the names of all parts and indexes of a generation begin with.
func SnapshotsPrefix(gen uint64) string { return GenerationPrefix(gen) + "snap/" }

// SnapshotID names one attempt to make a snapshot.
type SnapshotID struct {
	Gen, Seq uint64
	Attempt  uint32
}

// Prefix is what the names of a snapshot begin with.
func (id SnapshotID) Prefix() string {
	return fmt.Sprintf("%s%020d-%08x/", SnapshotsPrefix(id.Gen), id.Seq, id.Attempt)
}

// Index is the name of its index, and Part of one of its parts.
func (id SnapshotID) Index() string { return id.Prefix() + "index" }

// Part is the name of one of its parts.
func (id SnapshotID) Part(n int) string { return fmt.Sprintf("%spart-%05d", id.Prefix(), n) }

// Name is what a name says.
type Name struct {
	Kind     Kind
	Gen      uint64
	Seq      uint64 // the first transaction of a log object, the last one of a snapshot
	Part     int    // of a log object or of a snapshot
	Snapshot SnapshotID
}

// ParseName reports what a name says, and whether it is one of replication's. Only names that this package returns
// are.
func ParseName(name string) (n Name, ok bool) {
	rest, found := strings.CutPrefix(name, Generations)
	if !found {
		return n, false
	}
	gen, rest, _ := strings.Cut(rest, "/")
	if n.Gen, ok = number(gen, 10, 32); !ok {
		return n, false
	}
	folder, rest, _ := strings.Cut(rest, "/")
	again := ""
	switch folder {
	case "base":
		n.Kind, again = KindBase, BaseName(n.Gen)
	case "log":
		seq, part, _ := strings.Cut(rest, "-")
		p, partOK := number(part, 10, 31)
		n.Seq, ok = number(seq, 10, 64)
		if ok = ok && partOK; ok {
			n.Kind, n.Part, again = KindLog, int(p), LogName(n.Gen, n.Seq, int(p))
		}
	case "snap":
		attempt, file, _ := strings.Cut(rest, "/")
		seq, id, _ := strings.Cut(attempt, "-")
		a, idOK := number(id, 16, 32)
		n.Seq, ok = number(seq, 10, 64)
		n.Snapshot = SnapshotID{Gen: n.Gen, Seq: n.Seq, Attempt: uint32(a)}
		if ok = ok && idOK; !ok {
			break
		}
		if file == "index" {
			n.Kind, again = KindIndex, n.Snapshot.Index()
			break
		}
		part, _ := strings.CutPrefix(file, "part-")
		p, partOK := number(part, 10, 31)
		n.Kind, n.Part, again, ok = KindPart, int(p), n.Snapshot.Part(int(p)), partOK
	}
	return n, ok && again == name
}

func number(s string, base, bits int) (uint64, bool) {
	n, err := strconv.ParseUint(s, base, bits)
	return n, err == nil
}
