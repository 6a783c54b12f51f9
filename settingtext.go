// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The functions of this file come in pairs: setX reads the text of a setting into a
// field of a Config and returns errValue for a text that is none; xText writes what setX
// reads back, and "" for a field that says nothing.

const unlimited = "unlimited"

func setToggle(dst *Toggle, text string) error {
	switch strings.ToLower(text) {
	case "1", "on", "true", "yes":
		*dst = On
	case "0", "off", "false", "no":
		*dst = Off
	default:
		return errValue
	}
	return nil
}

func toggleText(t Toggle) string {
	switch t {
	case Default:
		return ""
	case On:
		return "1"
	case Off:
		return "0"
	}
	return t.String()
}

func setName[T ~uint8](dst *T, names []string, text string) error {
	i := slices.Index(names, strings.ToLower(text))
	if i < 0 {
		return errValue
	}
	*dst = T(i)
	return nil
}

// setValueType sets the type of values, which are no numbers.
func setValueType(c *Config, text string) error {
	var t DataType
	if err := setName(&t, dataTypeNames, text); err != nil || t >= TypeInt64 && t <= TypeLSM1Uint {
		return errValue
	}
	c.ValueType = t
	return nil
}

// nonZero returns the name of v, or "" for the default.
func nonZero[T interface {
	~uint8
	String() string
}](v T) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

func setInt(dst *int, text string, least, most int) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return errValue
	}
	*dst = n
	return nil
}

func intText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func setSize[T int | int64](dst *T, text string, unit, least, most int64) error {
	n, err := parseSize(text, unit)
	if err != nil || n < least || n > most {
		return errValue
	}
	*dst = T(n)
	return nil
}

func setPowerOfTwo(dst *int, text string, unit, least, most int64) error {
	n, err := parseSize(text, unit)
	if err != nil || n < least || n > most || n&(n-1) != 0 {
		return errValue
	}
	*dst = int(n)
	return nil
}

func sizeText[T int | int64](n T, unit int64) string {
	if n == 0 {
		return ""
	}
	return formatSize(int64(n), unit)
}

// setSizeOrOff reads a size, in KB, where 0 turns something off, for which a Config has a
// negative number.
func setSizeOrOff(dst *int, text string) error {
	if err := setSize(dst, text, kb, 0, math.MaxInt32); err != nil {
		return err
	}
	if *dst == 0 {
		*dst = -1
	}
	return nil
}

func sizeOrOffText(n int) string {
	if n < 0 {
		return "0"
	}
	return sizeText(n, kb)
}

// setMmap reads lsm1's setting: 0 is none, 1 all, more is KB.
func setMmap(c *Config, text string) error {
	switch text {
	case "0":
		c.Mmap = -1
		return nil
	case "1":
		c.Mmap = engine.MmapAll
		return nil
	}
	return setSize(&c.Mmap, text, kb, 1, math.MaxInt64-1)
}

func mmapText(n int64) string {
	switch {
	case n < 0:
		return "0"
	case n == engine.MmapAll:
		return "1"
	case n == kb: // 1 would be all
		return "1024B"
	}
	return sizeText(n, kb)
}

func setSafety(c *Config, text string) error {
	switch strings.ToLower(text) {
	case "off", "0":
		c.Safety = SafetyOff
	case "normal", "1":
		c.Safety = SafetyNormal
	case "full", "2":
		c.Safety = SafetyFull
	default:
		return errValue
	}
	return nil
}

func safetyText(s Safety) string {
	switch s {
	case SafetyDefault:
		return ""
	case SafetyOff:
		return "off"
	case SafetyNormal:
		return "normal"
	case SafetyFull:
		return "full"
	}
	return "unknown"
}

func setBusyTimeout(c *Config, text string) error {
	d, err := duration(text)
	switch {
	case err != nil:
		return err
	case d == 0 && !strings.EqualFold(text, unlimited):
		c.BusyTimeout = -1
	default:
		c.BusyTimeout = d
	}
	return nil
}

// duration reads milliseconds or a duration, and unlimited as 0.
func duration(text string) (time.Duration, error) {
	if strings.EqualFold(text, unlimited) {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, numErr := strconv.ParseInt(text, 10, 64); numErr == nil {
		if n > int64(math.MaxInt64/time.Millisecond) {
			return 0, errValue
		}
		d, err = time.Duration(n)*time.Millisecond, nil
	}
	if err != nil || d < 0 {
		return 0, errValue
	}
	return d, nil
}

// busyTimeoutText returns milliseconds, or a duration for what is not a whole number of
// them.
func busyTimeoutText(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < 0:
		return "0"
	case d%time.Millisecond == 0:
		return strconv.FormatInt(d.Milliseconds(), 10)
	}
	return d.String()
}
