// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// keyModel is a table as a sorted slice.
type keyModel []*big.Int

// condition is a condition as a text and as a function.
type condition struct {
	text  string
	args  []any
	holds func(key *big.Int) bool
}

// randomOperand returns a number near the keys, or far from all, as a literal or argument.
func randomOperand(r *rand.Rand, m keyModel, unsigned bool) (text string, arg []any, value *big.Rat) {
	near := new(big.Int).Add(m[r.IntN(len(m))], big.NewInt(int64(r.IntN(3)-1)))
	switch kind := r.IntN(6); {
	case kind < 3:
	case kind == 3: // a real; whatever it is rounded to is what is meant
		f, _ := new(big.Float).SetInt(near).Float64()
		f += []float64{-1.5, -0.5, -0.25, 0, 0.25, 0.5}[r.IntN(6)]
		return "?", []any{f}, new(big.Rat).SetFloat64(f)
	case kind == 4:
		f := []float64{-1e30, -1 << 63, -0.5, 1 << 63, 1 << 64, 1e30}[r.IntN(6)]
		return strconv.FormatFloat(f, 'e', -1, 64), nil, new(big.Rat).SetFloat64(f)
	default:
		near.SetInt64(-int64(r.IntN(3)))
	}
	value = new(big.Rat).SetInt(near)
	switch {
	case near.IsInt64() && r.IntN(2) == 0:
		return "?", []any{near.Int64()}, value
	case near.IsInt64(), unsigned && near.IsUint64():
		return near.String(), nil, value
	}
	f, _ := value.Float64()
	return "?", []any{f}, new(big.Rat).SetFloat64(f)
}

func randomKeyCondition(r *rand.Rand, m keyModel, unsigned bool, depth int) condition {
	operand := func() (string, []any, func(key *big.Int) int) {
		text, arg, value := randomOperand(r, m, unsigned)
		return text, arg, func(key *big.Int) int { return new(big.Rat).SetInt(key).Cmp(value) }
	}
	not, is := "", true
	if r.IntN(4) == 0 {
		not, is = "NOT ", false
	}
	if depth > 0 && r.IntN(2) == 0 {
		x, y := randomKeyCondition(r, m, unsigned, depth-1), randomKeyCondition(r, m, unsigned, depth-1)
		op := []string{"AND", "OR"}[r.IntN(2)]
		return condition{not + "(" + x.text + " " + op + " " + y.text + ")", append(x.args, y.args...), func(key *big.Int) bool {
			a, b := x.holds(key), y.holds(key)
			return (op == "AND" && a && b || op == "OR" && (a || b)) == is
		}}
	}
	a, arg, cmp := operand()
	switch r.IntN(8) {
	case 0:
		b, more, cmp2 := operand()
		return condition{"key " + not + "BETWEEN " + a + " AND " + b, append(arg, more...), func(key *big.Int) bool {
			return (cmp(key) >= 0 && cmp2(key) <= 0) == is
		}}
	case 1:
		b, more, cmp2 := operand()
		return condition{"key " + not + "IN (" + a + ", " + b + ")", append(arg, more...), func(key *big.Int) bool {
			return (cmp(key) == 0 || cmp2(key) == 0) == is
		}}
	}
	op := []string{"=", "!=", "<", "<=", ">", ">="}[r.IntN(6)]
	return condition{not + "key " + op + " " + a, arg, func(key *big.Int) bool {
		c := cmp(key)
		return map[string]bool{"=": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op] == is
	}}
}

// TestNumericKeysModel compares random conditions, as intervals and as filters, with what
// they mean in mathematics.
func TestNumericKeysModel(t *testing.T) {
	for i, name := range numericKeyTypes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			unsigned := name != "int64"
			db := openMemory(t, "key_type="+name)
			conn := connect(t, db)
			var m keyModel
			add := func(key *big.Int) {
				least, most := big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64)
				var arg any
				if unsigned {
					least, most = new(big.Int), new(big.Int).SetUint64(math.MaxUint64)
					arg = key.Uint64()
				} else {
					arg = key.Int64()
				}
				if key.Cmp(least) < 0 || key.Cmp(most) > 0 {
					return
				}
				exec(t, conn, "INSERT INTO kv VALUES (?, 'v')", arg)
				for i, old := range m {
					switch c := key.Cmp(old); {
					case c == 0:
						return
					case c < 0:
						m = append(m[:i], append(keyModel{key}, m[i:]...)...)
						return
					}
				}
				m = append(m, key)
			}
			for _, base := range []int64{math.MinInt64, -300, 0, 240, 2287, 67823, 1 << 24, 1 << 32, 1 << 53, math.MaxInt64} {
				for d := range int64(4) {
					add(new(big.Int).Add(big.NewInt(base), big.NewInt(d-1)))
				}
			}
			for d := range uint64(3) {
				add(new(big.Int).SetUint64(math.MaxUint64 - d))
			}
			for range 700 {
				c := randomKeyCondition(r, m, unsigned, 2)
				var want []string
				for _, key := range m {
					if c.holds(key) {
						want = append(want, key.String())
					}
				}
				up := strings.Join(want, " ")
				down := make([]string, len(want))
				for i, key := range want {
					down[len(want)-1-i] = key
				}
				ends := "NULL|NULL|0"
				if len(want) > 0 {
					ends = fmt.Sprintf("%s|%s|%d", want[0], down[0], len(want))
				}
				filtered := " WHERE value = 'none' OR (" + c.text + ")"
				for _, where := range []string{" WHERE " + c.text, filtered} {
					wantRows(t, conn, up, "SELECT key"+where, c.args...)
					wantRows(t, conn, strings.Join(down, " "), "SELECT key"+where+" ORDER BY key DESC", c.args...)
					wantRows(t, conn, ends, "SELECT min(key), max(key), count(*)"+where, c.args...)
				}
				exec(t, conn, "BEGIN")
				var updated []string
				for _, key := range want {
					updated = append(updated, key+"|"+key)
				}
				wantRows(t, conn, strings.Join(updated, " "), "UPDATE kv SET value = key WHERE "+c.text+" RETURNING key, value", c.args...)
				if r.IntN(2) == 0 {
					wantRows(t, conn, up, "DELETE WHERE "+c.text+" RETURNING key", c.args...)
				} else if n := exec(t, conn, "DELETE WHERE "+c.text, c.args...); n != int64(len(want)) {
					t.Errorf("DELETE WHERE %s %v: %d rows, want %d", c.text, c.args, n, len(want))
				}
				wantRows(t, conn, fmt.Sprint(len(m)-len(want)), "SELECT count(*)")
				exec(t, conn, "ROLLBACK")
				if t.Failed() {
					return
				}
			}
		})
	}
}
