// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The functions of this file return the access of settings that are like no other.

// openMode says whether the file may be created and written.
func openMode() access {
	a := oneOf(modeNames, func(c *Config) *Mode { return &c.Mode })
	a.save = func(c *Config, o *engine.Options) {
		o.ReadOnly = c.Mode == ModeReadOnly
		o.MustExist = c.Mode == ModeReadOnly || c.Mode == ModeReadWrite
	}
	return a
}

// presetName is saved before all others: see Config.engineOptions.
func presetName() access {
	return access{
		values: strings.Join(engine.PresetNames(), ", "),
		parse: func(c *Config, t string) error {
			t = strings.ToLower(t)
			if _, ok := engine.Preset(t); !ok {
				return errValue
			}
			c.Preset = t
			return nil
		},
		text: func(c *Config) string { return c.Preset },
	}
}

func safetyLevel() access {
	field, option := func(c *Config) *Safety { return &c.Safety }, func(o *engine.Options) *Safety { return &o.Safety }
	return plain(field, option, access{
		values: "off, normal, full (or 0, 1, 2)",
		parse:  setSafety,
		text:   func(c *Config) string { return safetyText(c.Safety) },
	})
}

func codecName() access {
	field := func(c *Config) *string { return &c.Compression }
	return plain(field, func(o *engine.Options) *string { return &o.Compression }, access{
		values: "none, lz4, zlib, zstd, snappy, or the name or id of a registered codec",
		parse: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			c.Compression = strings.ToLower(t)
			return nil
		},
		text: func(c *Config) string { return c.Compression },
	})
}

// autoFlush is a size for which lsm1's 0 is "after every commit". Zero says nothing in a
// Config, and one byte has the same effect.
func autoFlush() access {
	field := func(c *Config) *int { return &c.AutoFlush }
	a := size(kb, 0, engine.MaxAutoFlush, field, func(o *engine.Options) *int { return &o.AutoFlush })
	parse := a.parse
	a.parse = func(c *Config, t string) error {
		if err := parse(c, t); err != nil {
			return err
		}
		*field(c) = max(*field(c), 1)
		return nil
	}
	return a
}

func backgroundWork() access {
	a := oneOf(backgroundNames, func(c *Config) *Background { return &c.Background })
	a.save = func(c *Config, o *engine.Options) { o.Background = engine.Background(c.Background - BackgroundNone) }
	a.load = func(c *Config, o *engine.Options) { c.Background = Background(o.Background) + BackgroundNone }
	return a
}

// mappedBytes is negative in a Config if a mapping that a preset has is to be turned off.
func mappedBytes() access {
	return access{
		values: "0 (none), 1 (all of the file), or more KB" + orSuffix,
		parse:  setMmap,
		text:   func(c *Config) string { return mmapText(c.Mmap) },
		save:   func(c *Config, o *engine.Options) { o.Mmap = max(c.Mmap, 0) },
		load: func(c *Config, o *engine.Options) {
			if c.Mmap = o.Mmap; c.Mmap == 0 {
				c.Mmap = -1
			}
		},
	}
}

// keptChanges is negative in a Config for none.
func keptChanges() access {
	return access{
		values: "0 (none), or " + span(engine.MinChanges/kb, engine.MaxChanges/kb) + " KB" + orSuffix,
		parse: func(c *Config, t string) error {
			if err := setSize(&c.Changes, t, kb, engine.MinChanges, engine.MaxChanges); err == nil || strings.TrimLeft(t, "0") != "" || t == "" {
				return err
			}
			c.Changes = -1
			return nil
		},
		text: func(c *Config) string {
			if c.Changes < 0 {
				return "0"
			}
			return sizeText(c.Changes, kb)
		},
		save: func(c *Config, o *engine.Options) { o.Changes = max(c.Changes, 0) },
		load: func(c *Config, o *engine.Options) {
			if c.Changes = o.Changes; c.Changes == 0 {
				c.Changes = -1
			}
		},
	}
}

func lockingOfFiles() access {
	a := oneOf(lockingNames, func(c *Config) *Locking { return &c.Locking })
	a.save = func(c *Config, o *engine.Options) { o.OptionalLocks = c.Locking == LockingOptional }
	a.load = func(c *Config, o *engine.Options) {
		if c.Locking = LockingRequired; o.OptionalLocks {
			c.Locking = LockingOptional
		}
	}
	return a
}

// oneProcess is a setting of lsm1 that has one possible value here.
func oneProcess() access {
	return access{
		values: "off (or 0)",
		parse: func(_ *Config, t string) error {
			var v Toggle
			switch err := setToggle(&v, t); {
			case err != nil:
				return err
			case v == On:
				return refusal("one process has the file open at a time; " +
					"C lsm1 must be opened with LSM_CONFIG_MULTIPLE_PROCESSES=0 at the same time")
			}
			return nil
		},
	}
}

func busyTimeout() access {
	return access{
		values: "milliseconds, a duration such as 1.5s, 0 (do not wait), or unlimited",
		parse:  setBusyTimeout,
		text:   func(c *Config) string { return busyTimeoutText(c.BusyTimeout) },
	}
}

// readersHold is a duration, which is negative in the Config and 0 in the engine if there is none.
func readersHold() access {
	return access{
		values: "milliseconds, a duration such as 10m, or unlimited",
		parse: func(c *Config, t string) error {
			d, err := duration(t)
			if c.ReadersHold = d; d == 0 {
				c.ReadersHold = -1
			}
			return err
		},
		text: func(c *Config) string {
			if c.ReadersHold < 0 {
				return unlimited
			}
			return busyTimeoutText(c.ReadersHold)
		},
		save: func(c *Config, o *engine.Options) { o.ReadersHold = max(c.ReadersHold, 0) },
		load: func(c *Config, o *engine.Options) {
			if c.ReadersHold = o.ReadersHold; o.ReadersHold == 0 {
				c.ReadersHold = -1
			}
		},
	}
}

func txLock() access {
	a := oneOf(txLockNames, func(c *Config) *TxLock { return &c.TxLock })
	a.values += ", exclusive"
	parse := a.parse
	a.parse = func(c *Config, t string) error {
		if strings.EqualFold(t, "exclusive") { // one writer is all there ever is
			t = TxImmediate.String()
		}
		return parse(c, t)
	}
	return a
}

// valueType is a type that values may have: no number.
func valueType() access {
	a := oneOf(dataTypeNames, func(c *Config) *DataType { return &c.ValueType })
	a.values = "blob, text, time"
	a.parse = setValueType
	return a
}
