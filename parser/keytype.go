// SPDX-License-Identifier: Apache-2.0

package parser

// KeyType says what keys are where they are not plain bytes; wherever a KeyType is needed, nil
// stands for plain bytes, which refuses numbers as keys and copies nothing. A KeyType is
// immutable, and any number of goroutines may share one.
type KeyType struct {
	// Name is the type's name in messages.
	Name string
	// Class is what key is in an expression: ClassBytes where numbers are keys as their
	// text, ClassInteger or ClassUnsigned where every key is a number. In texts compiled
	// for ClassUnsigned, integer literals reach to 2^64-1, hexadecimal ones included.
	Class Class
	// Encode appends the key that v stands for to dst and returns the extended slice. Where
	// keys are numbers, v may be any number, and fit says how it lies among them. The order of
	// keys must be that of the numbers. With FitBelow and FitAbove it appends nothing.
	Encode func(dst []byte, v Value) (b []byte, fit Fit, err error)
	// Decode returns the number that key stands for, or an error that names a key which
	// stands for none. It is nil if Class is ClassBytes.
	Decode func(key []byte) (Value, error)
}

// Fit says how a number lies among those that are keys.
type Fit uint8

const (
	// FitExact: it is a key.
	FitExact Fit = iota
	// FitBetween: it lies between two keys; Encode appends the greater one.
	FitBetween
	// FitBelow: every key is greater.
	FitBelow
	// FitAbove: every key is less.
	FitAbove
)

// numeric reports whether keys are numbers.
func (k *KeyType) numeric() bool { return k != nil && k.Class != ClassBytes }

// unsigned reports whether keys, and so literals, reach to 2^64-1.
func (k *KeyType) unsigned() bool { return k != nil && k.Class == ClassUnsigned }

// Key appends the key that v is stored under to dst and returns the extended slice. It
// refuses what cannot be a key with a *BindError.
func (k *KeyType) Key(dst []byte, v Value) ([]byte, error) {
	if k.numeric() && v.Kind == Bytes {
		return nil, &BindError{Msg: bytesKey(k)}
	}
	b, fit, err := k.Encode(dst, v)
	switch {
	case err != nil:
		return nil, &BindError{Msg: err.Error(), Err: err}
	case fit != FitExact:
		return nil, &BindError{Msg: "the number " + string(v.AppendText(nil)) + " cannot be a key: keys are " + k.Name}
	}
	return b, nil
}

func bytesKey(k *KeyType) string {
	return "a key is a number (" + k.Name + ") and cannot be bytes: write CAST(… AS INTEGER)"
}
