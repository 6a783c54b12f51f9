// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// names reads the names of the source and of the destination.
func names(from, to string) (src, dst lsmlite.Config, err error) {
	if src, err = lsmlite.ParseDSN(from); err != nil {
		return src, dst, fmt.Errorf("source: %w", err)
	}
	if dst, err = lsmlite.ParseDSN(to); err != nil {
		return src, dst, fmt.Errorf("destination: %w", err)
	}
	switch {
	case dst.Mode == lsmlite.ModeReadOnly:
		return src, dst, refuse("the destination has mode=ro, and a copy writes to it")
	case same(src, dst):
		return src, dst, refuse("the source and the destination are the same")
	}
	if src.Mode == lsmlite.ModeReadWriteCreate {
		src.Mode = lsmlite.ModeReadOnly
	}
	return src, dst, nil
}

func refuse(why string) error {
	return &lsmlite.Error{Code: lsmlite.CodeMisuse, Op: "copy", Detail: why}
}

// same reports whether two names are those of one store. Those of servers may still be, by another name.
func same(a, b lsmlite.Config) bool {
	if a.Path == b.Path {
		return a.Path != ":memory:" && a.Mode != lsmlite.ModeMemory && b.Mode != lsmlite.ModeMemory
	}
	if x, ok := place(a.Path); ok {
		y, ok := place(b.Path)
		return ok && x == y
	}
	x, err := os.Stat(a.Path)
	if err != nil {
		return false
	}
	y, err := os.Stat(b.Path)
	return err == nil && os.SameFile(x, y)
}

// place says where the URL of a store leads, without the password, whatever the order of its parameters is.
func place(path string) (text string, ok bool) {
	if !strings.Contains(path, "://") {
		return "", false
	}
	u, err := url.Parse(path)
	if err != nil || len(u.Scheme) < 2 {
		return "", false
	}
	return fmt.Sprintf("%s %q %s %s %s", u.Scheme, u.User.Username(), strings.ToLower(u.Host), u.Path, u.Query().Encode()), true
}
