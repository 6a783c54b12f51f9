// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload/results"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// Run are the flags of a measurement.
type Run struct {
	env.Settings
	Dir       string        `default:"." type:"path" help:"Folder on the disk to measure."`
	Workloads []string      `default:"all" placeholder:"NAME" help:"Workloads, or all, or ycsb for the six of YCSB."`
	Rows      uint64        `default:"1000000" help:"Rows of the database."`
	KeySize   int           `default:"16" help:"Bytes of a key, 16 or more."`
	ValueSize int           `default:"100" help:"Bytes of a value, 16 or more."`
	Batch     int           `default:"1" help:"Rows in a commit of the fills and of overwrite."`
	Threads   int           `default:"1" help:"Threads of the workloads that read, YCSB excepted."`
	Duration  time.Duration `default:"3s" help:"After which a measurement ends; 0 is when all rows were written or read once."`
	Rounds    int           `default:"1" help:"Repetitions of everything. To compare runs takes four or more."`
	Safety    string        `enum:"off,normal,full" default:"normal" help:"Durability: ${enum}."`
	Preset    string        `default:"default" help:"Settings to begin with: default, low-memory, high-performance or lsmlite-rs."`
	Seed      uint64        `default:"1" help:"Chooses the random numbers."`
	Out       string        `type:"path" placeholder:"FILE" help:"Write the results to a new file as JSON, for compare."`
	Keep      bool          `help:"Keep the folder with the databases."`
	Plot      bool          `default:"true" negatable:"" help:"Plot operations a second over the time of each workload."`
}

// The limits of a run.
const (
	MaxKeySize   = 1 << 10
	MaxValueSize = 1 << 20
	MaxRows      = 1_000_000_000
	MaxBatch     = 100_000
	MaxThreads   = 1024
	MaxRounds    = results.MaxRounds
)

// plan is what a run does.
type plan struct {
	Run
	keys      data.Keys
	values    *data.Values
	workloads []workload
}

// plan checks the flags.
func (b Run) plan() (*plan, error) {
	for _, limit := range []struct {
		flag            string
		value, from, to uint64
	}{
		{"rows", b.Rows, 1, MaxRows},
		{"key-size", uint64(max(b.KeySize, 0)), data.KeySize, MaxKeySize},
		{"value-size", uint64(max(b.ValueSize, 0)), data.MinValueSize, MaxValueSize},
		{"batch", uint64(max(b.Batch, 0)), 1, MaxBatch},
		{"threads", uint64(max(b.Threads, 0)), 1, MaxThreads},
		{"rounds", uint64(max(b.Rounds, 0)), 1, MaxRounds},
	} {
		if limit.value < limit.from || limit.value > limit.to {
			return nil, env.Errorf(env.Usage, "--%s %d: it may be %d to %d", limit.flag, limit.value, limit.from, limit.to)
		}
	}
	if b.Duration < 0 {
		return nil, env.Errorf(env.Usage, "--duration %v is less than nothing", b.Duration)
	}
	p := &plan{Run: b}
	var err error
	if p.keys, err = data.NewKeys(b.KeySize); err != nil {
		return nil, err
	}
	if p.values, err = data.New(b.ValueSize); err != nil {
		return nil, err
	}
	if p.workloads, err = choose(b.Workloads); err != nil {
		return nil, err
	}
	cfg, err := p.config(fileName, env.Create) // so that a wrong setting is known before anything is done
	p.Safety, p.Preset = cfg.Safety.String(), cfg.Preset
	return p, err
}

// choose returns the workloads with these names, in the order in which they run.
func choose(names []string) (out []workload, err error) {
	for _, name := range names {
		if name != "all" && name != "ycsb" && !slices.ContainsFunc(workloads, func(w workload) bool { return w.name == name }) {
			return nil, env.Errorf(env.Usage, "no workload %q; lsmlite bench run --help lists them", name)
		}
	}
	for _, w := range workloads {
		if slices.Contains(names, "all") || slices.Contains(names, w.name) || slices.Contains(names, "ycsb") && strings.HasPrefix(w.name, "ycsb-") {
			out = append(out, w)
		}
	}
	if len(out) == 0 {
		return nil, env.Errorf(env.Usage, "--workloads names none")
	}
	return out, nil
}

// config is how a database is opened. What --set says counts more than --safety and --preset.
func (p *plan) config(path string, access env.Access) (lsmlite.Config, error) {
	s := env.Settings{Set: append([]string{"safety=" + p.Safety, "preset=" + p.Preset}, p.Set...)}
	return s.Config(path, access)
}

// createOutput begins the file for the results before anything is measured, so that hours of work are not for nothing;
// nil if none is wanted. A file that is there is refused.
func (p *plan) createOutput() (*outfile.File, error) {
	if p.Out == "" {
		return nil, nil
	}
	f, err := outfile.Create(p.Out, outfile.Options{Perm: 0o644})
	if errors.Is(err, fs.ErrExist) {
		return nil, env.Errorf(env.CannotOpen, "--out: %s exists; name a new file", p.Out)
	}
	return f, err
}

// writeOutput writes the results, if there are any.
func writeOutput(f *outfile.File, run *results.Run) error {
	if f == nil {
		return nil
	}
	defer f.Abort()
	if len(run.Workloads) == 0 {
		return nil
	}
	if err := run.Write(f); err != nil {
		return err
	}
	return f.Commit()
}
