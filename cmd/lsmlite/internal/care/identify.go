// SPDX-License-Identifier: Apache-2.0

package care

import (
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/holder"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Identify says what files and folders are.
type Identify struct {
	Paths []string `arg:"" name:"path" help:"Files or folders."`
}

// Help has examples.
func (Identify) Help() string {
	return env.Help("A file may be an lsm1 database, and then the output says who wrote it, how it is laid out, whether it was closed, and which process "+
		"has it open; the log of one; a database of another program, such as SQLite, bbolt or LevelDB; or a file of some common kind. "+
		"Nothing is written, and no lock is taken. The exit code is 1 if one of the files is of no known kind.",
		"lsmlite identify my.lsm", "lsmlite identify --json * | jq -r .kind")
}

// Run identifies each of the paths.
func (i Identify) Run(e *env.Env) error {
	var unknown bool
	for _, path := range i.Paths {
		info, err := engine.Identify(nil, path)
		if err != nil {
			return err
		}
		unknown = unknown || info.Kind == engine.KindUnknown || info.Kind == engine.KindFolder
		if e.JSON {
			err = printJSON(e, identifiedJSON(path, info))
		} else {
			err = printIdentified(e.Stdout, path, info)
		}
		if err != nil {
			return err
		}
	}
	if unknown {
		return env.Silent(env.No)
	}
	return nil
}

// printIdentified prints a paragraph on a file.
func printIdentified(w io.Writer, path string, info engine.FileInfo) error {
	what := info.What
	if !info.Folder {
		what += ", " + amount(info.Bytes)
	}
	if _, err := fmt.Fprintf(w, "%s: %s\n", text.Name(path), text.Message(what)); err != nil || info.LSM1 == nil {
		return err
	}
	for _, line := range describe(info.LSM1) {
		if _, err := fmt.Fprintf(w, "    %s\n", text.Message(line)); err != nil {
			return err
		}
	}
	if found, err := holder.Find(info.Path); err != nil || len(found.Processes) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "    %s\n", text.Message(holder.Explain(info.Path)))
	return err
}

// author says who wrote a database.
func author(d *engine.LSM1Info) string {
	switch {
	case d.Notes && d.Sealed == d.Segments:
		return "lsmlite"
	case d.Notes || d.Sealed > 0:
		return "lsmlite and C lsm1"
	case d.Checkpoint == 0:
		return "unknown"
	}
	return "C lsm1"
}

// describe says in lines what is known of a database.
func describe(d *engine.LSM1Info) []string {
	lines := []string{
		fmt.Sprintf("page size %d, block size %d, %s, compression %s", d.PageSize, d.BlockSize, plural(d.Blocks, "block"), d.Compression),
		fmt.Sprintf("checkpoint %d with %s and %s", d.Checkpoint, plural(int64(d.Levels), "level"), plural(int64(d.Segments), "segment")),
	}
	if d.Encryption != nil {
		lines = append(lines, fmt.Sprintf("encrypted with %s, %s", d.Encryption.Cipher, plural(int64(len(d.Encryption.Keys)), "key")))
	}
	if d.Merging {
		lines[1] += ", a merge half done"
	}
	switch {
	case d.LogCommits:
		lines = append(lines, fmt.Sprintf("not closed: its newest transactions are in the log %s, %s", text.Name(d.LogPath), amount(d.LogBytes)))
	case d.LogMissing:
		lines = append(lines, "not closed, and the log with its newest transactions is missing")
	case d.Closed:
		lines = append(lines, "the file holds everything that was committed")
	}
	if d.Damage != "" {
		lines = append(lines, "damaged: "+d.Damage)
	}
	return lines
}

// identified is what a file is, in JSON.
type identified struct {
	Path   string          `json:"path"`
	Kind   engine.FileKind `json:"kind"`
	What   string          `json:"what"`
	Folder bool            `json:"folder,omitempty"`
	Bytes  int64           `json:"bytes"`
	LSM1   *identifiedLSM1 `json:"lsm1,omitempty"`
}

type identifiedLSM1 struct {
	WrittenBy   string         `json:"written_by"`
	PageSize    int            `json:"page_size"`
	BlockSize   int            `json:"block_size"`
	Blocks      int64          `json:"blocks"`
	Compression string         `json:"compression"`
	Encryption  *encryptedJSON `json:"encryption"`
	Checkpoint  int64          `json:"checkpoint"`
	MetaPages   [2]int64       `json:"meta_page_checkpoints"`
	Levels      int            `json:"levels"`
	Segments    int            `json:"segments"`
	Sealed      int            `json:"segments_with_page_sums"`
	Merging     bool           `json:"merging"`
	LogBytes    int64          `json:"log_bytes"`
	LogCommits  bool           `json:"log_has_commits"`
	LogMissing  bool           `json:"log_is_missing"`
	Closed      bool           `json:"closed"`
	Damage      string         `json:"damage,omitempty"`
	OpenIn      []holderInJSON `json:"open_in"`
}

type holderInJSON struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
}

func identifiedJSON(path string, info engine.FileInfo) identified {
	out := identified{Path: path, Kind: info.Kind, What: info.What, Folder: info.Folder, Bytes: info.Bytes}
	d := info.LSM1
	if d == nil {
		return out
	}
	out.LSM1 = &identifiedLSM1{
		WrittenBy: author(d), PageSize: d.PageSize, BlockSize: d.BlockSize, Blocks: d.Blocks,
		Compression: d.Compression, Encryption: encryptionJSON(d.Encryption),
		Checkpoint: d.Checkpoint, MetaPages: [2]int64{d.Meta[0].Checkpoint, d.Meta[1].Checkpoint}, Levels: d.Levels,
		Segments: d.Segments, Sealed: d.Sealed, Merging: d.Merging, LogBytes: d.LogBytes, LogCommits: d.LogCommits,
		LogMissing: d.LogMissing, Closed: d.Closed, Damage: d.Damage, OpenIn: []holderInJSON{},
	}
	found, err := holder.Find(info.Path)
	if err != nil {
		out.LSM1.OpenIn = nil // null: it is not known
		return out
	}
	for _, p := range found.Processes {
		out.LSM1.OpenIn = append(out.LSM1.OpenIn, holderInJSON(p))
	}
	return out
}
