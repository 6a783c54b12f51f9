// SPDX-License-Identifier: Apache-2.0

// Package replica has the subcommands that bring rows elsewhere: to object storage, and back from there, and to other
// stores. They run the commands lsmlite-replicate and lsmlite-copy. Package app calls it.
package replica

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/care"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outside"
)

const name = "lsmlite-replicate"

// about is part of the help.
var about = "A target is s3://bucket/prefix, with the parameters endpoint, region and path_style, or dir:///path/of/a/folder; the keys of " +
	"object storage come from the environment. It is done by the command " + name + ", which has to be installed: go install " +
	outside.Module(name) + "@latest."

// TargetKey are the flags that name the place of the key of the objects in a target.
type TargetKey struct {
	TargetKeyFile        string `placeholder:"FILE" help:"File with the key of the objects in the target: 32 bytes or 64 hex digits."`
	TargetKeyEnv         string `placeholder:"NAME" help:"Environment variable with that key, as 64 hex digits."`
	TargetPassphraseFile string `placeholder:"FILE" help:"File with a passphrase in place of that key."`
	TargetPassphraseEnv  string `placeholder:"NAME" help:"Environment variable with such a passphrase."`
	Clear                bool   `help:"Admit that what is encrypted on one side is in clear on the other."`
}

// arguments are the flags that are given, as arguments.
type arguments []string

func (a *arguments) add(flag, value string) {
	if value != "" {
		*a = append(*a, "--"+flag+"="+value)
	}
}

func (a *arguments) keys(k env.Key, t TargetKey) {
	a.add("key-file", k.KeyFile)
	a.add("key-env", k.KeyEnv)
	a.add("passphrase-file", k.PassphraseFile)
	a.add("passphrase-env", k.PassphraseEnv)
	a.add("target-key-file", t.TargetKeyFile)
	a.add("target-key-env", t.TargetKeyEnv)
	a.add("target-passphrase-file", t.TargetPassphraseFile)
	a.add("target-passphrase-env", t.TargetPassphraseEnv)
	if t.Clear {
		*a = append(*a, "--clear")
	}
}

// run runs the command.
func (a arguments) run(ctx context.Context, e *env.Env, command string, files ...string) error {
	program, err := outside.Find(name, "replication is done")
	if err != nil {
		return err
	}
	return outside.Run(ctx, e, program, append(append(append([]string{command}, a...), "--"), files...)...)
}

// Replicate brings a target up to date.
type Replicate struct {
	env.Key
	TargetKey
	Keep   time.Duration `placeholder:"DURATION" help:"Remove what no moment of that time needs, such as 168h; without it everything is kept."`
	File   string        `arg:"" help:"Database file."`
	Target string        `arg:"" help:"Where the objects go."`
}

// Help has examples.
func (Replicate) Help() string {
	return env.Help("What was committed since the last time is uploaded: transactions, if the log of the database still has them, else a "+
		"snapshot of all rows. No other program may have the database open: one that has uses the package replicate, which uploads each "+
		"second. "+about,
		"lsmlite replicate my.lsm s3://bucket/my", "lsmlite replicate --keep 168h my.lsm dir:///mnt/backups/my")
}

// Run uploads.
func (r Replicate) Run(ctx context.Context, e *env.Env) error {
	var a arguments
	a.keys(r.Key, r.TargetKey)
	if r.Keep != 0 {
		a.add("keep", r.Keep.String())
	}
	return a.run(ctx, e, "upload", r.File, r.Target)
}

// Follow keeps a replica.
type Follow struct {
	env.Key
	TargetKey
	Poll    time.Duration `default:"1s" help:"How often to look for something new."`
	Once    bool          `help:"Apply what is there, and end."`
	Readers bool          `help:"Let other programs read the replica meanwhile, with mode=ro."`
	Target  string        `arg:"" help:"Where the objects are."`
	File    string        `arg:"" help:"Replica, which is made if it is missing."`
}

// Help has examples.
func (Follow) Help() string {
	return env.Help("The replica shows states that the database had, each at once, and is compared with each snapshot. It goes on until "+
		"Ctrl-C. "+about,
		"lsmlite follow s3://bucket/my replica.lsm", "lsmlite follow --readers s3://bucket/my replica.lsm   # lsmlite scan replica.lsm",
		"lsmlite follow --once dir:///mnt/backups/my replica.lsm")
}

// Run follows.
func (f Follow) Run(ctx context.Context, e *env.Env) error {
	var a arguments
	a.keys(f.Key, f.TargetKey)
	a.add("poll", f.Poll.String())
	if f.Once {
		a = append(a, "--once")
	}
	if f.Readers {
		a = append(a, "--readers")
	}
	return a.run(ctx, e, "follow", f.Target, f.File)
}

// Restore puts a backup, or what is in a target, in the place of a database.
type Restore struct {
	care.Restore
	TargetKey
	At         string `placeholder:"TIME" help:"Of a target: the state of that moment, such as 2026-01-31T12:00:00Z; without an offset it is local time."`
	Generation uint64 `placeholder:"N" help:"Of a target: that generation, in place of the newest one."`
	Seq        uint64 `placeholder:"N" help:"Of a target: the state after that transaction of the generation."`
}

// Help has examples.
func (r Restore) Help() string {
	return env.Help(care.AboutRestore+" From a target, where replication puts a database, a new file is made, of the newest state or of an "+
		"earlier one; a file that exists is not replaced. "+about,
		"lsmlite restore my-backup.lsm my.lsm", "lsmlite restore --force my-backup.lsm my.lsm   # my.lsm is damaged",
		"lsmlite restore --at 2026-01-31T12:00:00Z s3://bucket/my my.lsm")
}

// Run restores.
func (r Restore) Run(ctx context.Context, e *env.Env) error {
	ofTarget := r.At != "" || r.Generation != 0 || r.Seq != 0 || r.TargetKey != (TargetKey{})
	if !strings.HasPrefix(r.Backup, "s3:") && !strings.HasPrefix(r.Backup, "dir:") {
		if ofTarget {
			return env.Errorf(env.Usage, "%s is a file; --at, --generation, --seq, --clear and the keys of a target are for one: s3://… or dir:…", r.Backup)
		}
		return r.Restore.Run(ctx, e)
	}
	if r.Force {
		return env.Errorf(env.Usage, "--force is for backups: from a target a new file is made, which you can rename")
	}
	if len(r.Set) > 0 {
		return env.Errorf(env.Usage, "--set is for backups: of a database from a target only the key can be set")
	}
	var a arguments
	a.keys(r.Key, r.TargetKey)
	a.add("at", r.At)
	if r.Generation != 0 {
		a.add("generation", strconv.FormatUint(r.Generation, 10))
	}
	if r.Seq != 0 {
		a.add("seq", strconv.FormatUint(r.Seq, 10))
	}
	return a.run(ctx, e, "restore", r.Backup, r.File)
}
