package lsmlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
)

// table is the result of a PRAGMA, all of it.
type table struct {
	columns []string
	rows    [][]driver.Value
}

// oneValue is a table of one column and row.
func oneValue(column string, v driver.Value) *table {
	return &table{columns: []string{column}, rows: [][]driver.Value{{v}}}
}

// pragma runs PRAGMA.
func (c *conn) pragma(ctx context.Context, p *parser.Pragma) (*table, error) {
	if s := settingNamed(p.Name); s != nil {
		return c.settingPragma(s, p)
	}
	all := commands()
	for _, cmd := range all {
		if cmd.name != p.Name {
			continue
		}
		if n := len(p.Args); n < cmd.minArgs || n > cmd.maxArgs {
			return nil, misusef("pragma", "%s does not take %d arguments: PRAGMA %s", p.Name, n, cmd.usage)
		}
		return cmd.run(ctx, c, p.Args)
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return nil, misusef("pragma", "unknown pragma %s; there are: %s, %s", p.Name, settingNames(), strings.Join(names, ", "))
}

// settingPragma reads a setting, or changes it and returns the value then in force.
func (c *conn) settingPragma(s *setting, p *parser.Pragma) (*table, error) {
	switch len(p.Args) {
	case 0:
	case 1:
		if err := c.changeSetting(s, p.Args[0]); err != nil {
			return nil, err
		}
	default:
		return nil, misusef("pragma", "%s takes one value; allowed: %s", s.name, s.allowed)
	}
	text, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return oneValue(s.name, n), nil
	}
	return oneValue(s.name, text), nil
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
	case s.change == nil:
		inForce, err := s.current(c)
		if err != nil {
			return err
		}
		if asked := s.textOf(&want); asked == inForce || asked == "" && s.get == nil {
			return nil // it is what it shall be
		}
		return misusef("pragma", "%s is %s and cannot be changed while the database is open", s.name, inForce)
	case s.shared() && c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	}
	return s.change(c, &want)
}

// textOf returns what c says of the setting, where a default that has a name has that.
func (s *setting) textOf(c *Config) string {
	if s.get == nil {
		return ""
	}
	if text := s.get(c); text != "" {
		return text
	}
	switch s.name {
	case "mode":
		return c.Mode.String()
	case "key_type":
		return c.KeyType.String()
	}
	return ""
}
