// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"errors"

	"github.com/lsmlite/lsmlite-go/engine"
)

// A setting is something that can be written in a DSN and a Config, and read, sometimes changed,
// by PRAGMA. It is a row of the table in settings.go, which is the only place that knows it: a
// new setting is a row, a field of Config, and the field of engine.Options that it sets. Tests
// compare the documents with the rows.
type setting struct {
	name string
	// standard is the default. For a setting of the engine it is empty, as the engine knows
	// it, unless the default is no value: then it says in words what that is.
	standard string
	scope    scope
	when     when
	access
}

// access is how a setting gets from text into a Config, from there into the options of the
// engine, and back. See settingkinds.go for those of each kind.
type access struct {
	// values lists what is allowed, with its unit.
	values string
	// parse reads text into the Config, and fails with errValue if it is none of values.
	parse func(c *Config, text string) error
	// text returns what the Config says, as parse reads it; "" if it says nothing. It is nil
	// for a setting that has one possible value, which no Config holds.
	text func(c *Config) string
	// save puts what c says into o, and load what o says into c. They are nil for a setting
	// that the engine does not have. save is called only if c says something.
	save, load func(c *Config, o *engine.Options)
}

// scope is for whom a value of a setting holds.
type scope uint8

const (
	// database: for all in this process that have the database open. They must agree on it.
	database scope = iota
	// connection: for one connection.
	connection
)

// when says whether a setting can be changed while the database is open.
type when uint8

const (
	fixed when = iota
	anyTime
)

// said returns what c says of the setting, as text; "" if nothing.
func (s *setting) said(c *Config) string {
	if s.text == nil {
		return ""
	}
	return s.text(c)
}

// saved returns the value that options of the engine have.
func (s *setting) saved(o engine.Options) string {
	var c Config
	s.load(&c, &o)
	return s.text(&c)
}

// shown returns what c says of the setting as PRAGMA shows it: the default, if c says nothing.
func (s *setting) shown(c *Config) string {
	var d Config
	if text := s.said(c); text != "" {
		return text
	}
	if err := s.parse(&d, s.standard); err == nil && s.said(&d) != "" {
		return s.said(&d)
	}
	return s.standard
}

// refusal is the reason why a value that belongs to a setting is not taken.
type refusal string

func (r refusal) Error() string { return string(r) }

// apply reads text into c and explains a text that it cannot read.
func (s *setting) apply(c *Config, text string) error {
	err := s.parse(c, text)
	var refused refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return misusef("open", "%s=%s is refused: %s", s.name, text, refused)
	}
	return s.badValue(text)
}

func (s *setting) badValue(text string) error {
	return misusef("open", "bad value %q for %s; allowed: %s", text, s.name, s.values)
}
