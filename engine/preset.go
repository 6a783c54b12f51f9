// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// A preset is a set of Options by one name, to be changed further before Open. What each is for,
// and the measurements, are in docs/tuning.md.
type preset struct {
	name string
	make func() Options
}

var presets = []preset{
	{"default", PresetDefault},
	{"low-memory", PresetLowMemory},
	{"high-performance", PresetHighPerformance},
	{"lsmlite-rs", PresetLSMLiteRS},
}

// Preset returns the options of the preset with the given name: default, low-memory,
// high-performance or lsmlite-rs.
func Preset(name string) (o Options, ok bool) {
	i := slices.IndexFunc(presets, func(p preset) bool { return p.name == name })
	if i < 0 {
		return Options{}, false
	}
	return presets[i].make(), true
}

// PresetNames returns the names of all presets.
func PresetNames() []string {
	names := make([]string, len(presets))
	for i := range presets {
		names[i] = presets[i].name
	}
	return names
}

// PresetDefault is what the zero Options stand for, with all fields set except for the file system:
// trees of 8 MiB, a cache of 64 MiB and an index of 32 MiB, no goroutines. It fills a database at nearly full
// speed; see docs/tuning.md for the memory that it takes.
func PresetDefault() Options {
	o := DefaultOptions()
	o.FS = nil
	return o
}

// PresetLowMemory is for small machines and for programs with many databases: trees of
// 1 MiB, a cache of 4 MiB, an index of 2 MiB, small blocks. The price is that flushes and merges come more
// often, and that more reads go to the operating system.
func PresetLowMemory() Options {
	o := PresetDefault()
	o.AutoFlush = 1 << 20
	o.AutoCheckpoint = 4 << 20
	o.BlockSize = 256 << 10
	o.CacheSize = 4 << 20
	o.IndexSize = 2 << 20
	return o
}

// PresetHighPerformance is for sustained writes, with reads at the same time, on a machine with
// several cores: trees of 32 MiB, a cache of 256 MiB, an index of 128 MiB, and flushing, merging and checkpointing in
// goroutines, so that commits wait for none of them. It uses up to 400 MiB.
func PresetHighPerformance() Options {
	o := PresetDefault()
	o.AutoFlush = 32 << 20
	o.AutoCheckpoint = 64 << 20
	o.BlockSize = 4 << 20
	o.CacheSize = 256 << 20
	o.IndexSize = 128 << 20
	o.Background = BackgroundBoth
	return o
}

// PresetLSMLiteRS is what lsmlite-rs sets: trees of 16 MiB, pages of 4 KiB, blocks of
// 8 MiB, a checkpoint every 4 MiB, safety normal, no mapping of the file. Its DbConf also says
// which background threads there are; here that is Background.
func PresetLSMLiteRS() Options {
	o := PresetDefault()
	o.AutoFlush = 16 << 20
	o.AutoCheckpoint = 4 << 20
	o.PageSize = 4096
	o.BlockSize = 8 << 20
	o.Safety = SafetyNormal
	return o
}
