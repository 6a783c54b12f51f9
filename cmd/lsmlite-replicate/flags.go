// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/s3target"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

var errUsage = errors.New("the command line is wrong")

// databaseKey are the flags that name the place of a database's key, as those of lsmlite.
type databaseKey struct {
	KeyFile        string `placeholder:"FILE" xor:"key" help:"File with the key of an encrypted database: 32 bytes or 64 hex digits."`
	KeyEnv         string `placeholder:"NAME" xor:"key" help:"Environment variable with that key, as 64 hex digits."`
	PassphraseFile string `placeholder:"FILE" xor:"key" help:"File with a passphrase in place of a key."`
	PassphraseEnv  string `placeholder:"NAME" xor:"key" help:"Environment variable with a passphrase."`
}

func (k databaseKey) source() keys.Source {
	return sourceOf(k.KeyFile, k.KeyEnv, k.PassphraseFile, k.PassphraseEnv)
}

// targetKey are the flags that name the place of the key of the objects.
type targetKey struct {
	TargetKeyFile        string `placeholder:"FILE" xor:"target" help:"File with the key of the objects in the target: 32 bytes or 64 hex digits."`
	TargetKeyEnv         string `placeholder:"NAME" xor:"target" help:"Environment variable with that key, as 64 hex digits."`
	TargetPassphraseFile string `placeholder:"FILE" xor:"target" help:"File with a passphrase in place of that key."`
	TargetPassphraseEnv  string `placeholder:"NAME" xor:"target" help:"Environment variable with such a passphrase."`
	Clear                bool   `help:"Admit that what is encrypted on one side is in clear on the other."`
}

func (k targetKey) source() keys.Source {
	return sourceOf(k.TargetKeyFile, k.TargetKeyEnv, k.TargetPassphraseFile, k.TargetPassphraseEnv)
}

func sourceOf(keyFile, keyEnv, passphraseFile, passphraseEnv string) keys.Source {
	switch {
	case keyFile != "":
		return keys.File(keyFile)
	case keyEnv != "":
		return keys.Env(keyEnv)
	case passphraseFile != "":
		return keys.PassphraseFile(passphraseFile)
	case passphraseEnv != "":
		return keys.PassphraseEnv(passphraseEnv)
	}
	return nil
}

// openTarget opens a target by its URL. A folder that is only read must be there.
func openTarget(raw string, write bool) (target.Target, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch scheme {
	case "s3":
		s, err := s3target.Open(raw, s3target.Options{})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		return s, nil
	case "dir":
		if path, found := strings.CutPrefix(rest, "//"); found {
			u, err := url.PathUnescape(path)
			if err != nil || !strings.HasPrefix(u, "/") {
				return nil, fmt.Errorf("%s: want dir:///path/of/a/folder, or dir:folder for one in the current folder: %w", raw, errUsage)
			}
			rest = u
			if runtime.GOOS == "windows" && len(u) > 2 && u[2] == ':' {
				rest = u[1:] // dir:///C:/folder
			}
		}
		if rest == "" {
			return nil, fmt.Errorf("%s names no folder: %w", raw, errUsage)
		}
		rest = filepath.FromSlash(rest)
		if _, err := os.Stat(rest); err != nil && !write {
			return nil, err
		}
		return target.OpenDir(rest)
	}
	return nil, fmt.Errorf("the target must begin with s3:// or dir:, as s3://bucket/prefix or dir:///path/of/a/folder: %w", errUsage)
}
