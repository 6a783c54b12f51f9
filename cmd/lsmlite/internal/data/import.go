// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/load"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/keys"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

// Import has a subcommand for each kind of input.
type Import struct {
	CSV   importCSV   `cmd:"" name:"csv" help:"Import the records of a CSV file."`
	JSONL importJSONL `cmd:"" name:"jsonl" help:"Import the objects of a file with one on each line."`
	Dir   importDir   `cmd:"" name:"dir" help:"Import the files below a folder."`
	LSM   importLSM   `cmd:"" name:"lsm" help:"Import the rows of another database."`

	Bbolt   importBbolt   `cmd:"" help:"Import buckets of bbolt."`
	Pebble  importPebble  `cmd:"" help:"Import a folder of Pebble."`
	LevelDB importLevelDB `cmd:"" name:"leveldb" help:"Import a folder of LevelDB."`
	SQLite  importSQLite  `cmd:"" name:"sqlite" help:"Import a table of SQLite."`
}

// aboutImport is part of the help of each import.
const aboutImport = "The rows go into the database, which is made if it is missing. A new one whose keys come in order is a single " +
	"segment, and that is fastest. An import that was stopped, or failed, keeps what it has written, and a note FILE.import; " +
	"with --resume the same command goes on."

// loading are the flags of all imports.
type loading struct {
	env.Settings
	keys.Range
	OnConflict  load.Conflict `enum:"replace,ignore,fail" default:"replace" help:"What to do if a key is there already: ${enum}."`
	Resume      bool          `xor:"again" help:"Go on with an import that was not finished."`
	Restart     bool          `xor:"again" help:"Begin again an import that was not finished."`
	StripPrefix string        `placeholder:"KEY" help:"Only keys that begin with it, without it."`
	AddPrefix   string        `placeholder:"KEY" help:"Put it before each key."`
	File        string        `arg:"" help:"Database file, which is made if it is missing."`
}

// kept are the flags that decide which rows an input becomes.
type kept struct {
	keys.Range
	StripPrefix, AddPrefix string
}

// load loads a source, which it closes. How it was read is part of what an unfinished import is
// known by: of kind, the name of the input, and the options that matter.
func (l loading) load(ctx context.Context, e *env.Env, src read.Source, kind, input string, options any) error {
	o, err := l.options(kind, input, options)
	if err != nil {
		_ = src.Close()
		return err
	}
	res, err := load.Run(ctx, e, o, src)
	if err != nil {
		return err
	}
	return report(e, l.File, res)
}

// options are those of package load.
func (l loading) options(kind, input string, options any) (load.Options, error) {
	o := load.Options{
		Settings: l.Settings, Path: l.File, Conflict: l.OnConflict, Resume: l.Resume, Restart: l.Restart,
		Command: typed("--resume", "--restart"),
	}
	err := l.Kept(l.File)
	if err != nil {
		return o, err
	}
	if o.Keep, err = l.Rows(); err != nil {
		return o, err
	}
	if o.Strip, err = parseKey(l.StripPrefix); err != nil {
		return o, err
	}
	if o.Add, err = parseKey(l.AddPrefix); err != nil {
		return o, err
	}
	o.Keep = o.Keep.And(row.Prefix(o.Strip))
	if input != "-" {
		if input, err = filepath.Abs(input); err != nil {
			return o, err
		}
	}
	var flags bytes.Buffer
	err = json.NewEncoder(&flags).Encode([]any{kept{l.Range, l.StripPrefix, l.AddPrefix}, options})
	o.Input = fmt.Sprintf("%s %s %s", kind, input, bytes.TrimSpace(flags.Bytes()))
	return o, err
}

// report prints what an import did.
func report(e *env.Env, file string, res load.Result) error {
	if e.JSON {
		line, err := json.Marshal(res)
		if err == nil {
			_, err = fmt.Fprintf(e.Stdout, "%s\n", line)
		}
		return err
	}
	line := fmt.Sprintf("%d rows imported into %s", res.Written, text.Name(file))
	if res.Ignored > 0 {
		line += fmt.Sprintf(", %d left out because their keys were there", res.Ignored)
	}
	if res.Replaced > 0 {
		line += fmt.Sprintf(", %d replaced by later rows of the same keys", res.Replaced)
	}
	if res.Seconds >= 1 {
		line += fmt.Sprintf(", in %v, %.1f million rows a minute", time.Duration(res.Seconds*float64(time.Second)).Round(100*time.Millisecond),
			float64(res.Written)/res.Seconds*60/1e6)
	}
	_, err := fmt.Fprintln(e.Stdout, line)
	return err
}
