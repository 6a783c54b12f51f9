// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"net/url"
	"strings"
)

// fitsStore reports the first thing in c that makes no sense for the store that it names, if any.
func (c *Config) fitsStore() error {
	remote, err := storeOf(c.Path)
	if err != nil || remote == nil {
		return err
	}
	if _, err := parseStoreURL(c.Path); err != nil {
		return err
	}
	_, query, _ := strings.Cut(c.Path, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err == nil && settingNamed(name) != nil {
			return misusef("open", "%s is in the URL of Config.Path; a setting has a field of its own in Config", name)
		}
	}
	for i := range settings {
		if s := &settings[i]; s.said(c) != "" {
			if err := remote.takes(s); err != nil {
				return err
			}
		}
	}
	var zero Config
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"mode=memory", c.Mode == ModeMemory}, {"Config.FS", c.FS != nil}, {"Config.Perm", c.Perm != 0},
		{"Config.Codecs", len(c.Codecs) > 0}, {"Config.Key", c.Key != nil}, {"Config.NotBefore", c.NotBefore != zero.NotBefore},
		{"Config.Observer", c.Observer != nil}, {"Config.Logger", c.Logger != nil},
	} {
		if f.set {
			return misusef("open", "%s is for files, and a store at %s:// is none", f.name, remote.scheme)
		}
	}
	return nil
}
