// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The functions of this file return the access of each kind of setting. field is where a
// Config has it, option where the engine has it.

type number interface{ int | int64 }

// count is a number of things.
func count(things string, least, most int, field func(*Config) *int, option func(*engine.Options) *int) access {
	return plain(field, option, access{
		values: span(int64(least), int64(most)) + " " + things,
		parse:  func(c *Config, t string) error { return setInt(field(c), t, least, most) },
		text:   func(c *Config) string { return intText(*field(c)) },
	})
}

// size is a number of bytes. Text without a suffix counts units.
func size[T number](unit, least, most int64, field func(*Config) *T, option func(*engine.Options) *T) access {
	return plain(field, option, access{
		values: span((least+unit-1)/unit, most/unit) + unitName(unit) + orSuffix,
		parse:  func(c *Config, t string) error { return setSize(field(c), t, unit, least, most) },
		text:   func(c *Config) string { return sizeText(*field(c), unit) },
	})
}

// powerOfTwo is a size of which only powers of two are allowed.
func powerOfTwo(unit, least, most int64, field func(*Config) *int, option func(*engine.Options) *int) access {
	return plain(field, option, access{
		values: fmt.Sprintf("a power of two from %d to %d%s", least/unit, most/unit, unitName(unit)) + orSuffix,
		parse:  func(c *Config, t string) error { return setPowerOfTwo(field(c), t, unit, least, most) },
		text:   func(c *Config) string { return sizeText(*field(c), unit) },
	})
}

// sizeOrOff is a size in KB where 0 turns something off, which is a negative number in a
// Config and in the engine.
func sizeOrOff(zero string, field func(*Config) *int, option func(*engine.Options) *int) access {
	return plain(field, option, access{
		values: span(0, math.MaxInt32/kb) + unitName(kb) + "; 0 is " + zero + orSuffix,
		parse:  func(c *Config, t string) error { return setSizeOrOff(field(c), t) },
		text:   func(c *Config) string { return sizeOrOffText(*field(c)) },
	})
}

// plain completes the access to what the engine has as the Config has it.
func plain[T any](field func(*Config) *T, option func(*engine.Options) *T, a access) access {
	a.save = func(c *Config, o *engine.Options) { *option(o) = *field(c) }
	a.load = func(c *Config, o *engine.Options) { *field(c) = *option(o) }
	return a
}

// onOff is a switch, which is on if the engine's is.
func onOff(field func(*Config) *Toggle, option func(*engine.Options) *bool) access {
	a := connectionOnOff(field)
	a.save = func(c *Config, o *engine.Options) { *option(o) = *field(c) == On }
	a.load = func(c *Config, o *engine.Options) { *field(c) = toggle(*option(o)) }
	return a
}

// onUnless is a switch, which is off if the engine's is on.
func onUnless(field func(*Config) *Toggle, option func(*engine.Options) *bool) access {
	a := connectionOnOff(field)
	a.save = func(c *Config, o *engine.Options) { *option(o) = *field(c) == Off }
	a.load = func(c *Config, o *engine.Options) { *field(c) = toggle(!*option(o)) }
	return a
}

// connectionOnOff is a switch that the engine does not have.
func connectionOnOff(field func(*Config) *Toggle) access {
	return access{
		values: "on, off (or 1, 0)",
		parse:  func(c *Config, t string) error { return setToggle(field(c), t) },
		text:   func(c *Config) string { return toggleText(*field(c)) },
	}
}

// oneOf is one of names, whose places are the values. The empty name, for the default, cannot
// be written.
func oneOf[T interface {
	~uint8
	String() string
}](names []string, field func(*Config) *T) access {
	written := names
	if names[0] == "" {
		written = names[1:]
	}
	return access{
		values: strings.Join(written, ", "),
		parse: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			return setName(field(c), names, t)
		},
		text: func(c *Config) string { return nonZero(*field(c)) },
	}
}

// orSuffix ends the values of a size.
const orSuffix = " (or a size such as 16MiB)"

func unitName(unit int64) string {
	if unit == kb {
		return " KB"
	}
	return " bytes"
}

// span writes a range, without its end if that is as large as a number gets.
func span(least, most int64) string {
	if most == math.MaxInt32 || most >= math.MaxInt64/kb {
		return strconv.FormatInt(least, 10) + " or more"
	}
	return fmt.Sprintf("%d to %d", least, most)
}
