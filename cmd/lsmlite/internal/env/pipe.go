// SPDX-License-Identifier: Apache-2.0

package env

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// fileSource is the key in a file. A subcommand that opens two files, such as a database and its copy, needs the key
// twice, and a pipe, such as a shell's <(…), gives it once: so what comes from one is kept until the process ends.
func fileSource(make func(string) keys.Source, path string, passphrase bool) keys.Source {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() && !strings.HasPrefix(filepath.ToSlash(path), "/dev/") {
		return make(path)
	}
	pipes.Lock()
	defer pipes.Unlock()
	for _, p := range pipes.known {
		if p.path == path && p.passphrase == passphrase && os.SameFile(p.info, info) {
			return p
		}
	}
	p := &pipe{Source: make(path), path: path, info: info, passphrase: passphrase}
	pipes.known = append(pipes.known, p)
	return p
}

// pipes are those that a key came from.
var pipes struct {
	sync.Mutex
	known []*pipe
}

// pipe is a source that can be read once.
type pipe struct {
	keys.Source
	path       string
	info       os.FileInfo
	passphrase bool

	mu  sync.Mutex
	got *keys.Material // nil until it was read
}

// Material implements keys.Source.
func (p *pipe) Material(ctx context.Context) (*keys.Material, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.got == nil {
		m, err := p.Source.Material(ctx)
		if err != nil {
			return nil, err
		}
		p.got = m
	}
	m := *p.got
	m.Key, m.Passphrase = bytes.Clone(m.Key), bytes.Clone(m.Passphrase) // the caller overwrites them
	return &m, nil
}
