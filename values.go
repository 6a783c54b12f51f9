package lsmlite

import (
	"database/sql"
	"database/sql/driver"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/parser"
)

// timeLayout writes a time so that texts order as times do. All years have four digits.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// checkArgument converts an argument to one of the types that a statement takes: []byte,
// string, int64, float64, bool and time.Time, and uint64 beyond int64 if unsigned is set.
// nil, in whatever it comes, NaN, and years that are not 0 to 9999 are refused.
func checkArgument(nv *driver.NamedValue, unsigned bool) error {
	switch v := nv.Value.(type) {
	case []byte:
		return checkBytes(v)
	case string, int64, bool:
		return nil
	case int:
		nv.Value = int64(v)
		return nil
	case float64:
		if math.IsNaN(v) {
			return misusef("bind", "NaN is not a value: SQL takes it for NULL, and there is no NULL here")
		}
		return nil
	case time.Time:
		if y := v.UTC().Year(); y < 0 || y > 9999 {
			return misusef("bind", "the time's year is %d, and must be 0 to 9999", y)
		}
		return nil
	case nil:
		return nilError("nil")
	case sql.Out:
		return misusef("bind", "there are no output parameters")
	}
	if unsigned && isBigUint(nv) {
		return nil
	}
	converted, err := driver.DefaultParameterConverter.ConvertValue(nv.Value)
	if err != nil {
		return &Error{Code: CodeMisuse, Op: "bind", Detail: "cannot use an argument", Err: err}
	}
	if !driver.IsValue(converted) {
		return misusef("bind", "an argument of type %T cannot be used", nv.Value)
	}
	nv.Value = converted
	switch v := converted.(type) {
	case []byte:
		return checkBytes(v)
	case string, int64, bool:
		return nil
	}
	return checkArgument(nv, unsigned) // nil, float64 or time.Time
}

// checkBytes refuses nil, which would mean no bound to one reader and the empty key to
// another.
func checkBytes(b []byte) error {
	if b == nil {
		return nilError("a nil []byte")
	}
	return nil
}

func nilError(what string) error {
	return misusef("bind", "%s is not a value: there is no NULL here; the empty value is []byte{} or \"\"", what)
}

// isBigUint reports whether the argument is an unsigned integer beyond int64, and makes
// it a uint64.
func isBigUint(nv *driver.NamedValue) bool {
	v := nv.Value
	if null, ok := v.(sql.Null[uint64]); ok && null.Valid {
		v = null.V // its Value refuses what is beyond int64
	} else if _, ok := v.(driver.Valuer); ok {
		return false
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if !r.CanUint() || r.Uint() <= math.MaxInt64 {
		return false
	}
	nv.Value = r.Uint()
	return true
}

// bindArguments puts the arguments of a text into the order of its parameters, appended
// to dst. Bytes that have to be made are appended to *scratch; others are shared with
// args.
func bindArguments(dst []parser.Value, scratch *[]byte, plans []*parser.Plan, args []driver.NamedValue) ([]parser.Value, error) {
	if len(plans) == 0 {
		if len(args) > 0 {
			return dst, misusef("bind", "the text has no statement, and %d arguments are given", len(args))
		}
		return dst, nil
	}
	p := plans[0] // the numbering is the whole text's
	start := len(dst)
	for range p.NumInput {
		dst = append(dst, parser.Value{})
	}
	values := dst[start:]
	next := 0 // as many are given by their places, in order
	for next < len(args) && next < len(values) && args[next].Name == "" && args[next].Ordinal == next+1 {
		v := &values[next]
		switch arg := args[next].Value.(type) {
		case []byte:
			if arg == nil {
				return dst, checkBytes(arg)
			}
			v.Kind, v.Bytes = parser.Bytes, arg
		case string:
			v.Kind, v.Bytes = parser.Bytes, bytesOf(arg)
		default:
			var err error
			if *v, err = toValue(arg, scratch); err != nil {
				return dst, err
			}
		}
		next++
	}
	if next == len(args) && next == len(values) {
		return dst, nil
	}
	names := parameterNames(p.Names, len(args)-next)
	for i := next; i < len(args); i++ {
		a := &args[i]
		v, err := toValue(a.Value, scratch)
		if err != nil {
			return dst, err
		}
		if a.Name == "" {
			if a.Ordinal > len(values) {
				return dst, misusef("bind", "the statement takes %d arguments, and %d are given", p.NumInput, len(args))
			}
			if !place(&values[a.Ordinal-1], v) {
				return dst, misusef("bind", "argument %d is given twice, by name and by place", a.Ordinal)
			}
			continue
		}
		numbers := names(a.Name)
		for _, n := range numbers {
			if !place(&values[n], v) {
				return dst, misusef("bind", "the argument %s is given twice", a.Name)
			}
		}
		if len(numbers) == 0 {
			return dst, misusef("bind", "the statement has no parameter named %s", a.Name)
		}
	}
	for n := range values {
		if values[n].Kind != parser.Null {
			continue
		}
		if name := p.Names[n]; name != "" {
			return dst, misusef("bind", "there is no argument for the parameter %s", name)
		}
		return dst, misusef("bind", "the statement takes %d arguments, and number %d is not given", p.NumInput, n+1)
	}
	return dst, nil
}

// parameterNames returns what finds the parameters of a name, of which there are more than
// one where :a and @a stand in one text. It is asked so many times.
func parameterNames(names []string, times int) func(name string) []int {
	if len(names)*times < 1<<10 { // a look at each costs less than a map
		var found []int
		return func(name string) []int {
			found = found[:0]
			for n := range names {
				if names[n] == name {
					found = append(found, n)
				}
			}
			return found
		}
	}
	numbers := make(map[string][]int, len(names))
	for n, name := range names {
		if name != "" {
			numbers[name] = append(numbers[name], n)
		}
	}
	return func(name string) []int { return numbers[name] }
}

// place puts v into an empty place. No argument is NULL, so NULL means empty.
func place(dst *parser.Value, v parser.Value) bool {
	if dst.Kind != parser.Null {
		return false
	}
	*dst = v
	return true
}

// toValue converts what checkArgument let through.
func toValue(v driver.Value, scratch *[]byte) (parser.Value, error) {
	switch v := v.(type) {
	case []byte:
		return parser.Value{Kind: parser.Bytes, Bytes: v}, checkBytes(v)
	case string:
		return parser.Value{Kind: parser.Bytes, Bytes: bytesOf(v)}, nil
	case int64:
		return parser.Value{Kind: parser.Int, Int: v}, nil
	case uint64:
		return parser.UintValue(v), nil
	case float64:
		return parser.Value{Kind: parser.Real, Real: v}, nil
	case bool:
		if v {
			return parser.Value{Kind: parser.Int, Int: 1}, nil
		}
		return parser.Value{Kind: parser.Int}, nil
	case time.Time:
		start := len(*scratch)
		*scratch = v.UTC().AppendFormat(*scratch, timeLayout)
		return parser.Value{Kind: parser.Bytes, Bytes: (*scratch)[start:len(*scratch):len(*scratch)]}, nil
	}
	return parser.Value{}, misusef("bind", "an argument of type %T cannot be used", v)
}

// bytesOf returns the bytes of s without copying them. They are only read: nobody below
// the driver writes into a key or value it is given.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// storedBytes returns the bytes that v is stored as. Those of a number are appended to
// *scratch.
func storedBytes(v parser.Value, scratch *[]byte) []byte {
	if v.Kind == parser.Bytes {
		return v.Bytes
	}
	start := len(*scratch)
	*scratch = v.AppendText(*scratch)
	return (*scratch)[start:len(*scratch):len(*scratch)]
}
