// SPDX-License-Identifier: Apache-2.0

package data

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/write"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// exportDir exports files.
type exportDir struct {
	saving
	Folder string `arg:"" help:"Folder, which must be empty or missing."`
}

// Help has examples.
func (exportDir) Help() string {
	return env.Help("The path of each file below the folder is the key, and its contents are the value. No file is written outside of "+
		"the folder. What cannot be the name of a file is escaped, as %2e%2e for .. and %00 for a NUL; then --escaped is needed to read it back.",
		"lsmlite export dir my.lsm out", "lsmlite export dir my.lsm docs --prefix docs/")
}

// Run exports.
func (x exportDir) Run(ctx context.Context, e *env.Env) error {
	var folder *write.Folder
	err := x.save(ctx, e, x.Folder, func(*engine.DB) (_ write.Sink, err error) {
		folder, err = write.NewFolder(x.Folder)
		return folder, err
	})
	if err == nil && folder.Escaped > 0 && !e.Quiet {
		fmt.Fprintf(e.Stderr, "lsmlite: the paths of %d files are not their keys, but escaped; lsmlite import dir --escaped reads them back\n", folder.Escaped)
	}
	return err
}

// exportLSM exports into a database.
type exportLSM struct {
	saving
	Decrypt bool   `help:"Write the new database in clear. Without it the new one of an encrypted database is encrypted."`
	Output  string `arg:"" help:"New database file."`
}

// Help has examples.
func (exportLSM) Help() string {
	return env.Help("The new database has one densely packed segment, with pages and codec as the old one has them. lsmlite rewrite changes them, "+
		"and lsmlite backup copies all rows. If the old one is encrypted, the new one is, too: with the same cipher, a data key of its own, and "+
		"the key that was given, which alone opens it.",
		"lsmlite export lsm my.lsm users.lsm --prefix user/", "lsmlite export lsm --decrypt --key-file my.key my.lsm clear.lsm")
}

// Run exports.
func (x exportLSM) Run(ctx context.Context, e *env.Env) error {
	cipher, err := x.CipherOf(x.File)
	if err != nil {
		return err
	}
	if x.Decrypt && cipher != "" {
		return env.Errorf(env.Usage, "--decrypt writes the new database in clear, without a cipher")
	}
	return x.save(ctx, e, x.Output, func(db *engine.DB) (write.Sink, error) {
		o := likeThat(db)
		if x.Decrypt {
			o.Key, o.Cipher = nil, ""
		} else if cipher != "" {
			o.Cipher = cipher
		}
		return write.NewDatabase(x.Output, o)
	})
}

// likeThat are the options of a new file like the one that is open.
func likeThat(db *engine.DB) engine.Options {
	o := db.Options()
	return engine.Options{PageSize: o.PageSize, BlockSize: o.BlockSize, Compression: o.Compression, Codecs: o.Codecs,
		Key: o.Key, Cipher: db.Encryption().Cipher}
}
