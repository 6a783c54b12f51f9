package lsmlite

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// runPragma runs a PRAGMA, which may change the connection's settings.
func (c *conn) runPragma(ctx context.Context, p *parser.Pragma) (*session.Table, error) {
	t, err := c.pragma(ctx, p)
	c.session.Configure(c.cfg.session())
	if err != nil {
		return nil, err
	}
	return (*session.Table)(t), nil
}

func (c *conn) pragma(ctx context.Context, p *parser.Pragma) (*pragma.Table, error) {
	if s := settingNamed(p.Name); s != nil {
		return c.settingPragma(s, p)
	}
	row := pragma.Named(p.Name)
	if row == nil {
		return nil, misusef("pragma", "unknown pragma %s; there are: %s, %s",
			p.Name, settingNames(), strings.Join(pragma.Names(), ", "))
	}
	call := pragma.Call{Store: c.handle.store, ReadOnly: c.readOnly(), Writing: c.session.Writing()}
	if !c.handle.memory {
		call.Path = c.handle.key.path
	}
	return row.Run(ctx, &call, p.Args)
}

// settingPragma reads a setting, or changes it and returns the value then in force.
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
	text, err := s.current(c.handle, &c.cfg)
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
	case s.when == fixed:
		inForce, err := s.current(c.handle, &c.cfg)
		if err != nil || s.shown(&want) == inForce {
			return err
		}
		return misusef("pragma", "%s is %s and cannot be changed while the database is open", s.name, inForce)
	case s.scope == connection:
		return s.apply(&c.cfg, text)
	case c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	}
	m, err := c.handle.maintainer()
	if err != nil {
		return err
	}
	return m.Set(func(o *engine.Options) { s.save(&want, o) })
}

// current returns the value in force on a connection to h that has the settings cfg.
func (s *setting) current(h *handle, cfg *Config) (string, error) {
	switch {
	case s.load != nil:
		m, err := h.maintainer()
		if err != nil {
			return "", err
		}
		return s.saved(m.Options()), nil
	case s.scope == database:
		cfg = &h.cfg
	}
	return s.shown(cfg), nil
}

// maintainer returns the store of h, if it is one that can be maintained.
func (h *handle) maintainer() (store.Maintainer, error) {
	m, ok := h.store.(store.Maintainer)
	if !ok {
		return nil, misusef("pragma", "this store does not offer it")
	}
	return m, nil
}
