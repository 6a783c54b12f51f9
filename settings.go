package lsmlite

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// A setting is something that can be said in a DSN and asked, sometimes changed, by
// PRAGMA. The table below is the only place that knows their names.
type setting struct {
	name string
	// allowed lists the values, for the error that refuses another.
	allowed string
	// set reads text into the Config.
	set func(c *Config, text string) error
	// get returns the text of what the Config says, "" if it says nothing. It is nil
	// for a setting that has one possible value, which no Config holds.
	get func(c *Config) string
	// current returns the value in force on a connection.
	current func(c *conn) (string, error)
	// change makes another value the one in force. want holds that value and nothing
	// else. It is nil for what is fixed once the database is open.
	change func(c *conn, want *Config) error
}

const (
	kb = 1 << 10
	mb = 1 << 20
)

var settings = []setting{
	{
		name: "mode", allowed: "rwc, rw, ro, memory",
		set: func(c *Config, t string) error { return setName(&c.Mode, modeNames, t) },
		get: func(c *Config) string { return nonZero(c.Mode) },
		current: func(c *conn) (string, error) {
			if c.handle.memory {
				return ModeMemory.String(), nil
			}
			return c.cfg.Mode.String(), nil
		},
	},
	{
		name: "preset", allowed: strings.Join(engine.PresetNames(), ", "),
		set: func(c *Config, t string) error {
			t = strings.ToLower(t)
			if _, ok := engine.Preset(t); !ok {
				return errValue
			}
			c.Preset = t
			return nil
		},
		get:     func(c *Config) string { return c.Preset },
		current: func(c *conn) (string, error) { return orElse(c.handle.cfg.Preset, "default"), nil },
	},
	{
		name: "safety", allowed: "off, normal, full (or 0, 1, 2)",
		set:     setSafety,
		get:     func(c *Config) string { return safetyText(c.Safety) },
		current: engineSetting(func(m store.Maintainer) string { return safetyText(m.Options().Safety) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.Safety = want.Safety })
		},
	},
	{
		name: "page_size", allowed: "a power of two from 256 to 65536 bytes",
		set: func(c *Config, t string) error { return setPowerOfTwo(&c.PageSize, t, 1, 256, 64*kb) },
		get: func(c *Config) string { return sizeText(c.PageSize, 1) },
		current: engineSetting(func(m store.Maintainer) string {
			return sizeText(m.Options().PageSize, 1)
		}),
	},
	{
		name: "block_size", allowed: "a power of two from 64 to 65536, in KB, or a size such as 1MiB",
		set: func(c *Config, t string) error { return setPowerOfTwo(&c.BlockSize, t, kb, 64*kb, 64*mb) },
		get: func(c *Config) string { return sizeText(c.BlockSize, kb) },
		current: engineSetting(func(m store.Maintainer) string {
			return sizeText(m.Options().BlockSize, kb)
		}),
	},
	{
		name: "autoflush", allowed: fmt.Sprintf("0 to %d, in KB, or a size such as 16MiB", engine.MaxAutoFlush/kb),
		set: func(c *Config, t string) error {
			if err := setSize(&c.AutoFlush, t, kb, 0, engine.MaxAutoFlush); err != nil {
				return err
			}
			// lsm1's 0 is "after every commit". Zero is taken for "not said", and
			// one byte has the same effect.
			c.AutoFlush = max(c.AutoFlush, 1)
			return nil
		},
		get:     func(c *Config) string { return sizeText(c.AutoFlush, kb) },
		current: engineSetting(func(m store.Maintainer) string { return sizeText(m.Options().AutoFlush, kb) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.AutoFlush = want.AutoFlush })
		},
	},
	{
		name: "autocheckpoint", allowed: "0 (off) or more, in KB, or a size such as 16MiB",
		set: func(c *Config, t string) error { return setSizeOrOff(&c.AutoCheckpoint, t) },
		get: func(c *Config) string { return sizeOrOffText(c.AutoCheckpoint) },
		current: engineSetting(func(m store.Maintainer) string {
			return sizeOrOffText(m.Options().AutoCheckpoint)
		}),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.AutoCheckpoint = want.AutoCheckpoint })
		},
	},
	{
		name: "max_log", allowed: "0 (no bound) or more, in KB, or a size such as 32MiB",
		set:     func(c *Config, t string) error { return setSizeOrOff(&c.MaxLog, t) },
		get:     func(c *Config) string { return sizeOrOffText(c.MaxLog) },
		current: engineSetting(func(m store.Maintainer) string { return sizeOrOffText(m.Options().MaxLog) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.MaxLog = want.MaxLog })
		},
	},
	{
		name: "automerge", allowed: "2 or more",
		set:     func(c *Config, t string) error { return setInt(&c.AutoMerge, t, 2, math.MaxInt32) },
		get:     func(c *Config) string { return intText(c.AutoMerge) },
		current: engineSetting(func(m store.Maintainer) string { return intText(m.Options().AutoMerge) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.AutoMerge = want.AutoMerge })
		},
	},
	{
		name: "autowork", allowed: toggleValues,
		set:     func(c *Config, t string) error { return setToggle(&c.AutoWork, t) },
		get:     func(c *Config) string { return toggleText(c.AutoWork) },
		current: engineSetting(func(m store.Maintainer) string { return toggleText(toggle(!m.Options().NoAutoWork)) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.NoAutoWork = want.AutoWork == Off })
		},
	},
	{
		name: "use_log", allowed: toggleValues,
		set:     func(c *Config, t string) error { return setToggle(&c.UseLog, t) },
		get:     func(c *Config) string { return toggleText(c.UseLog) },
		current: engineSetting(func(m store.Maintainer) string { return toggleText(toggle(!m.Options().NoLog)) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.NoLog = want.UseLog == Off })
		},
	},
	{
		name: "allow_missing_log", allowed: toggleValues,
		set:     func(c *Config, t string) error { return setToggle(&c.AllowMissingLog, t) },
		get:     func(c *Config) string { return toggleText(c.AllowMissingLog) },
		current: engineSetting(func(m store.Maintainer) string { return toggleText(toggle(m.Options().AllowMissingLog)) }),
	},
	{
		name: "max_freelist", allowed: "2 to 24",
		set:     func(c *Config, t string) error { return setInt(&c.MaxFreelist, t, 2, 24) },
		get:     func(c *Config) string { return intText(c.MaxFreelist) },
		current: engineSetting(func(m store.Maintainer) string { return intText(m.Options().MaxFreelist) }),
		change: func(c *conn, want *Config) error {
			return c.set(func(o *engine.Options) { o.MaxFreelist = want.MaxFreelist })
		},
	},
	{
		name: "cache_size", allowed: "1 or more, in KB, or a size such as 64MiB",
		set: func(c *Config, t string) error { return setSize(&c.CacheSize, t, kb, 1, math.MaxInt64) },
		get: func(c *Config) string { return sizeText(c.CacheSize, kb) },
		current: engineSetting(func(m store.Maintainer) string {
			return sizeText(m.Options().CacheSize, kb)
		}),
	},
	{
		name: "mmap", allowed: "0 (none), 1 (all of the file), more, in KB, or a size such as 256MiB",
		set:     setMmap,
		get:     func(c *Config) string { return mmapText(c.Mmap) },
		current: engineSetting(func(m store.Maintainer) string { return orElse(mmapText(m.Options().Mmap), "0") }),
	},
	{
		name: "busy_timeout", allowed: "milliseconds, a duration such as 1.5s, 0 (do not wait), or unlimited",
		set:     setBusyTimeout,
		get:     func(c *Config) string { return busyTimeoutText(c.BusyTimeout) },
		current: connSetting(func(c *Config) string { return orElse(busyTimeoutText(c.BusyTimeout), unlimited) }),
		change: func(c *conn, want *Config) error {
			c.cfg.BusyTimeout = want.BusyTimeout
			return nil
		},
	},
	{
		name: "count_deletes", allowed: toggleValues,
		set:     func(c *Config, t string) error { return setToggle(&c.CountDeletes, t) },
		get:     func(c *Config) string { return toggleText(c.CountDeletes) },
		current: connSetting(func(c *Config) string { return toggleText(toggle(c.CountDeletes != Off)) }),
		change: func(c *conn, want *Config) error {
			c.cfg.CountDeletes = want.CountDeletes
			return nil
		},
	},
	{
		name: "_txlock", allowed: "immediate, deferred, exclusive",
		set: func(c *Config, t string) error {
			if strings.EqualFold(t, "exclusive") { // one writer is all there ever is
				t = TxImmediate.String()
			}
			return setName(&c.TxLock, txLockNames, t)
		},
		get:     func(c *Config) string { return nonZero(c.TxLock) },
		current: connSetting(func(c *Config) string { return c.TxLock.String() }),
		change: func(c *conn, want *Config) error {
			c.cfg.TxLock = want.TxLock
			return nil
		},
	},
	{
		name: "key_type", allowed: "blob, text, int64, uint64, lsm1uint, time",
		set:     func(c *Config, t string) error { return setName(&c.KeyType, dataTypeNames, t) },
		get:     func(c *Config) string { return nonZero(c.KeyType) },
		current: connSetting(func(c *Config) string { return c.KeyType.String() }),
	},
	{
		name: "value_type", allowed: "blob, text, time",
		set:     setValueType,
		get:     func(c *Config) string { return nonZero(c.ValueType) },
		current: connSetting(func(c *Config) string { return c.ValueType.String() }),
		change: func(c *conn, want *Config) error {
			c.cfg.ValueType = want.ValueType
			return nil
		},
	},
	{
		name: "background", allowed: "none, merger, checkpointer, both",
		set: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			return setName(&c.Background, backgroundNames, t)
		},
		get:     func(c *Config) string { return nonZero(c.Background) },
		current: engineSetting(func(m store.Maintainer) string { return m.Options().Background.String() }),
	},
	{
		name: "compression", allowed: "none, lz4, zlib, zstd, snappy, or the name or id of a registered codec",
		set: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			c.Compression = strings.ToLower(t)
			return nil
		},
		get:     func(c *Config) string { return c.Compression },
		current: engineSetting(func(m store.Maintainer) string { return m.Options().Compression }),
	},
	{
		name: "locking", allowed: "required, optional",
		set: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			return setName(&c.Locking, lockingNames, t)
		},
		get: func(c *Config) string { return nonZero(c.Locking) },
		current: engineSetting(func(m store.Maintainer) string {
			if m.Options().OptionalLocks {
				return LockingOptional.String()
			}
			return LockingRequired.String()
		}),
	},
	{
		name: "multiple_processes", allowed: "off (or 0)",
		set: func(_ *Config, t string) error {
			var v Toggle
			switch err := setToggle(&v, t); {
			case err != nil:
				return err
			case v == On:
				return refusal("one process has the file open at a time; C lsm1 must be opened with LSM_CONFIG_MULTIPLE_PROCESSES=0 beside it")
			}
			return nil
		},
		current: func(*conn) (string, error) { return "0", nil },
	},
}

// shared reports whether the setting belongs to the store, so that everybody who has it
// open must agree on it, and not to each connection.
func (s *setting) shared() bool {
	switch s.name {
	case "mode", "busy_timeout", "count_deletes", "_txlock", "key_type", "value_type":
		return false
	}
	return true
}

// refusal is the reason why a value that belongs to a setting is not taken.
type refusal string

func (r refusal) Error() string { return string(r) }

// settingNamed returns the setting of that name in any case, or nil.
func settingNamed(name string) *setting {
	for i := range settings {
		if strings.EqualFold(settings[i].name, name) {
			return &settings[i]
		}
	}
	return nil
}

// settingNames lists the names of all settings, for an error.
func settingNames() string {
	names := make([]string, len(settings))
	for i := range settings {
		names[i] = settings[i].name
	}
	return strings.Join(names, ", ")
}

// apply reads text into c and explains a text it cannot read.
func (s *setting) apply(c *Config, text string) error {
	err := s.set(c, text)
	var refused refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return misusef("open", "%s=%s is refused: %s", s.name, text, refused)
	}
	return settingError(s, text)
}

func settingError(s *setting, text string) error {
	return misusef("open", "bad value %q for %s; allowed: %s", text, s.name, s.allowed)
}

// engineSetting is the current value of what the store holds.
func engineSetting(read func(store.Maintainer) string) func(*conn) (string, error) {
	return func(c *conn) (text string, err error) {
		err = c.maintain(func(m store.Maintainer) error {
			text = read(m)
			return nil
		})
		return text, err
	}
}

// connSetting is the current value of what each connection holds for itself.
func connSetting(read func(*Config) string) func(*conn) (string, error) {
	return func(c *conn) (string, error) { return read(&c.cfg), nil }
}
