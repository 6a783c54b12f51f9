// SPDX-License-Identifier: Apache-2.0

package lsmlite

import "github.com/lsmlite/lsmlite-go/engine"

// engineOptions returns the part of c that the engine is opened with: what the preset
// says, and over it what c says itself.
func (c *Config) engineOptions() engine.Options {
	o, _ := engine.Preset(c.Preset)
	o.FS, o.Perm, o.Codecs = c.FS, c.Perm, c.Codecs
	o.Observer, o.Logger = c.Observer, c.Logger
	o.Key, o.NotBefore = c.Key, c.NotBefore
	for i := range settings {
		if s := &settings[i]; s.save != nil && s.said(c) != "" {
			s.save(c, &o)
		}
	}
	return o
}

// validate reports the first thing in c that cannot be, so that nothing has to be opened
// to learn it.
func (c *Config) validate() error {
	if c.Path == "" {
		return misusef("open", "the path is empty; a database in memory is %s", memoryPath)
	}
	if c.Path == memoryPath && (c.Mode == ModeReadOnly || c.Mode == ModeReadWrite) {
		return misusef("open", "mode=%v needs a file, and %s has none", c.Mode, memoryPath)
	}
	for i := range settings {
		s := &settings[i]
		text := s.said(c)
		if text == "" {
			continue
		}
		var again Config
		if err := s.parse(&again, text); err != nil {
			return s.badValue(text)
		}
	}
	if err := c.fitsStore(); err != nil {
		return err
	}
	if err := c.oneKey(); err != nil {
		return err
	}
	o := c.engineOptions()
	return o.Validate()
}
