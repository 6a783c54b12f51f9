// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"errors"
	"strconv"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/parser"
)

var _ session.SettingPragmas = (*conn)(nil)

// SettingNames lists the names of all settings.
func (c *conn) SettingNames() string { return settingNames() }

// RunSetting runs a PRAGMA if it is a setting: it reads the current value, after it has changed it
// if p has a value. known is false if there is no setting of that name.
func (c *conn) RunSetting(p *parser.Pragma) (t *pragma.Table, known bool, err error) {
	s := settingNamed(p.Name)
	if s == nil {
		return nil, false, nil
	}
	t, err = c.settingPragma(s, p)
	return t, true, err
}

// settingPragma reads a setting, or changes it and returns the new value.
func (c *conn) settingPragma(s *setting, p *parser.Pragma) (*pragma.Table, error) {
	switch len(p.Args) {
	case 0:
	case 1:
		if err := c.changeSetting(s, p.Args[0]); err != nil {
			return nil, err
		}
	default:
		return nil, misusef("pragma", "%s takes one value; allowed: %s", s.name, s.values)
	}
	text, err := c.handle.inForce(s, &c.cfg)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return pragma.OneValue(s.name, n), nil
	}
	return pragma.OneValue(s.name, text), nil
}

func (c *conn) changeSetting(s *setting, text string) error {
	var want Config
	if err := s.apply(&want, text); err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Op = "pragma"
		}
		return err
	}
	switch {
	case s.when == fixed || c.handle.remote != nil && !s.everyStore():
		inForce, err := c.handle.inForce(s, &c.cfg)
		if err != nil || s.shown(&want) == inForce {
			return err
		}
		return misusef("pragma", "%s is %s and cannot be changed while the database is open", s.name, inForce)
	case s.scope == connection:
		err := s.apply(&c.cfg, text)
		c.session.Configure(c.cfg.session())
		return err
	case c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	}
	m, err := c.handle.maintainer()
	if err != nil {
		return err
	}
	return m.Set(func(o *engine.Options) { s.save(&want, o) })
}
