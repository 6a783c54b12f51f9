// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// The units of sizes.
const (
	kb = 1 << 10
	mb = 1 << 20
)

// errValue says that a setting's text is not one of its values. The code that returns it to the
// user says which are.
var errValue = errors.New("bad value")

// sizeUnits are the suffixes of a size. KB is lsm1's, of 1024 bytes, so all of them are
// powers of 1024 with or without the i.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
	{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30},
	{"b", 1},
}

// parseSize returns the bytes that text stands for. A number without a suffix counts
// units of unit bytes.
func parseSize(text string, unit int64) (int64, error) {
	t := strings.ToLower(strings.TrimSpace(text))
	for _, u := range sizeUnits {
		if digits, ok := strings.CutSuffix(t, u.suffix); ok {
			t, unit = strings.TrimSpace(digits), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(t, 10, 63)
	if err != nil {
		return 0, errValue
	}
	hi, lo := bits.Mul64(n, uint64(unit))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, errValue
	}
	return int64(lo), nil
}

// formatSize returns the shortest text that parseSize reads back as size.
func formatSize(size, unit int64) string {
	if size%unit == 0 {
		return strconv.FormatInt(size/unit, 10)
	}
	return strconv.FormatInt(size, 10) + "B"
}
