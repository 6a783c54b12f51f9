// SPDX-License-Identifier: Apache-2.0

// Package target is what replication needs of a place for objects, and two such places: [Dir], a folder, and
// [Memory], for tests. Package s3target has object storage.
//
// An object is made once, as a whole, and never changed. What everything else rests on is that Create refuses a name
// that exists: so two writers can never overwrite each other, and a writer that does not know whether its request
// arrived sends it again. [Probe] refuses a place that does not keep this promise.
package target

import (
	"context"
	"errors"
	"iter"
)

// MaxObject is the greatest length of an object in bytes: small enough for one request, so that none is partial.
const MaxObject = 64 << 20

var (
	// ErrExists: Create was called with the name of an object that exists. It was left as it is.
	ErrExists = errors.New("the object exists")
	// ErrNotFound: there is no object of that name.
	ErrNotFound = errors.New("there is no such object")
	// ErrNotExclusive: the place accepts a second object of the same name, so that two writers would overwrite each
	// other.
	ErrNotExclusive = errors.New("the place accepts a second object of the same name")
	// ErrTooBig: an object is longer than MaxObject.
	ErrTooBig = errors.New("the object is longer than 64 MiB")
	// ErrNotPlain: in the folder of a target there is a symbolic link, a pipe, or another thing that is neither a
	// folder nor a regular file.
	ErrNotPlain = errors.New("in the folder of a target are folders and regular files only")
)

// Info describes an object.
type Info struct {
	Name string
	Size int64
}

// Target is a place for objects. Names are relative, with slashes, of lower-case letters, digits, "/", "-" and ".".
// All methods may be called by any number of goroutines, and end with ctx. An error that is not one of this package's
// says nothing about whether the request took place.
type Target interface {
	// Create makes an object, durable when it returns. It fails with ErrExists if there is one of that name, whatever
	// its bytes are.
	Create(ctx context.Context, name string, data []byte) error
	// Get returns the bytes of an object, or ErrNotFound.
	Get(ctx context.Context, name string) ([]byte, error)
	// List returns the objects whose names begin with prefix and are greater than after, ascending as bytes. It
	// reads on as the caller does, so the first names of a long list are cheap. An error ends it.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Close releases what the target holds: connections. Nothing else may run.
	Close() error
	// String names the place for a person, without a secret.
	String() string
}
