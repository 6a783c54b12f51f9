// SPDX-License-Identifier: Apache-2.0

package parser

// compareNumbers orders two numbers by what they are exactly, so that an integer is not
// rounded for the comparison.
func compareNumbers(x, y Value) int {
	switch {
	case x.Kind == Int && y.Kind == Int:
		return order(x.Int, y.Int)
	case x.Kind != Real && y.Kind != Real:
		return compareWide(x, y)
	case x.Kind == Int:
		return compareIntReal(x.Int, y.Real)
	case y.Kind == Int:
		return -compareIntReal(y.Int, x.Real)
	case x.Kind == Uint:
		return compareUintReal(uint64(x.Int), y.Real)
	case y.Kind == Uint:
		return -compareUintReal(uint64(y.Int), x.Real)
	}
	return order(x.Real, y.Real)
}

func order[T int64 | uint64 | float64](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func compareIntReal(i int64, f float64) int {
	switch {
	case f < realMinInt:
		return 1
	case f >= realPastInt:
		return -1
	}
	whole := int64(f)
	if c := order(i, whole); c != 0 {
		return c
	}
	return order(float64(whole), f) // a real with a fraction is small enough to be exact here
}

// compareWide orders two integers of which one is a Uint.
func compareWide(x, y Value) int {
	if x.Kind != y.Kind { // a Uint is greater than any Int
		return order(int64(x.Kind), int64(y.Kind))
	}
	return order(uint64(x.Int), uint64(y.Int))
}

func compareUintReal(u uint64, f float64) int {
	switch {
	case f < realPastInt: // u is not
		return 1
	case f >= realPastUint:
		return -1
	}
	return order(u, uint64(f)) // a real as large as this has no fraction
}
