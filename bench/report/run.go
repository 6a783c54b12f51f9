// SPDX-License-Identifier: Apache-2.0

// Package report owns what the benchmark has measured: how it is stored as JSON, compared, and
// shown as Markdown tables and SVG plots. The program bench fills a Run and encodes it; everything
// else here only reads Runs. Nothing in this package measures or opens a store.
//
// Invariants: a Run that Decode returns, or that Encode has written, is valid as Validate
// describes it. The same Run always leads to the same bytes of JSON, Markdown and SVG.
package report

import "time"

// Version is that of the JSON form. Decode refuses any other.
const Version = 1

// Run is one call of the benchmark: where, when and how it was made, and what it measured.
type Run struct {
	Version int       `json:"version"` // Version; Encode sets it
	Started time.Time `json:"started"`
	Command []string  `json:"command"` // the program's name without its folder, then its arguments
	Machine Machine   `json:"machine"`
	Stores  []Store   `json:"stores"` // in the order in which tables show them
	Results []Result  `json:"results"`
	Notes   []string  `json:"notes,omitempty"` // for the reader, such as other load on the machine
}

// Machine is what a run was made on.
type Machine struct {
	CPU         string `json:"cpu"`   // the model
	Cores       int    `json:"cores"` // that the program may use
	MemoryBytes int64  `json:"memory_bytes"`
	OS          string `json:"os"`         // GOOS/GOARCH
	Kernel      string `json:"kernel"`     // its release
	FileSystem  string `json:"filesystem"` // of the folder with the databases, and its device if known
	Go          string `json:"go"`         // version of the compiler
}

// Store is one of those compared.
type Store struct {
	Name    string `json:"name"` // as in Result.Store
	Version string `json:"version"`
	Cgo     bool   `json:"cgo,omitempty"` // it is C code: its allocations are not counted
	// Settings says for each class how the store was set, and why.
	Settings map[Class]string `json:"settings,omitempty"`
}

// Class says what a commit survives. Rows of different classes are never compared.
type Class string

const (
	Normal Class = "N" // no sync per commit; a kill never damages the database
	Full   Class = "F" // a sync per commit, or per group of commits that wait at the same time
)

// Result is what one store did in one workload.
type Result struct {
	Store    string `json:"store"`
	Workload string `json:"workload"` // such as "fillrandom"
	Params   Params `json:"params"`
	Unit     string `json:"unit"` // what one operation is, such as "row", "get", "commit"
	// Repetitions are the measurements. They are empty if and only if Failure is set.
	Repetitions []Repetition `json:"repetitions,omitempty"`
	// Failure says why there are no measurements: an error, a timeout, or that the store
	// cannot do this.
	Failure string `json:"failure,omitempty"`
}

// Params are what a workload was called with. Store, Workload and Params together occur once in
// a Run. Zero means that the parameter has no meaning for the workload.
type Params struct {
	Class      Class `json:"class"`
	KeyBytes   int   `json:"key_bytes,omitempty"`
	ValueBytes int   `json:"value_bytes,omitempty"`
	Batch      int   `json:"batch,omitempty"`   // rows in a transaction, or in a scan
	Rows       int64 `json:"rows,omitempty"`    // in the database while it was measured
	Threads    int   `json:"threads,omitempty"` // goroutines at work, writers or readers
}

// Repetition is one measurement. A nil pointer means that the number was not measured.
type Repetition struct {
	// Round is the turn in which all stores were measured one after another. The ratio of two
	// stores compares repetitions of the same round.
	Round int   `json:"round"`
	Ops   int64 `json:"ops"`
	// WallSeconds passed while Ops operations ran, and CPUSeconds is what all threads of the
	// process used, user and system time together.
	WallSeconds float64 `json:"wall_seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"`

	Allocs         *int64             `json:"allocs,omitempty"`          // of Go
	AllocBytes     *int64             `json:"alloc_bytes,omitempty"`     // of Go
	PeakAnonBytes  *int64             `json:"peak_anon_bytes,omitempty"` // memory of the process that no file backs
	DiskBytes      *int64             `json:"disk_bytes,omitempty"`      // all files of the store, as allocated blocks
	WrittenBytes   *int64             `json:"written_bytes,omitempty"`   // to files, as counted by the kernel
	LogicalBytes   *int64             `json:"logical_bytes,omitempty"`   // keys and values that the workload wrote
	CommitsLost    *int64             `json:"commits_lost,omitempty"`    // acknowledged, and missing after a kill
	CommitsChecked *int64             `json:"commits_checked,omitempty"` // acknowledged before the kill
	Latency        *Latency           `json:"latency,omitempty"`
	Extra          map[string]float64 `json:"extra,omitempty"` // other numbers; the name ends in the unit
}

// Latency is the distribution of the time that one operation took, in nanoseconds.
type Latency struct {
	Count int64 `json:"count"`
	P50   int64 `json:"p50_ns"`
	P90   int64 `json:"p90_ns"`
	P99   int64 `json:"p99_ns"`
	P999  int64 `json:"p999_ns"`
	Max   int64 `json:"max_ns"`
}
