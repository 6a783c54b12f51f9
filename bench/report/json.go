// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The limits of a JSON text that Decode reads. A run with all stores and workloads takes less than
// 4 MiB and 100,000 values; what a value of three bytes could need in memory is what the second
// limit bounds.
const (
	maxBytes  = 16 << 20
	maxCommas = 500_000
)

// ErrVersion is the cause of an error for a run of another version.
var ErrVersion = errors.New("not the version of results that this program reads")

// Encode writes a run as JSON. It sets run.Version, and returns an error for a run that is not
// valid.
func Encode(w io.Writer, run *Run) error {
	run.Version = Version
	if err := run.Validate(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(run, "", "\t")
	if err != nil {
		return fmt.Errorf("encode results: %w", err)
	}
	if len(text) >= maxBytes {
		return fmt.Errorf("encode results: %d bytes; %d are the most", len(text), maxBytes-1)
	}
	if n := bytes.Count(text, []byte(",")); n > maxCommas {
		return fmt.Errorf("encode results: %d commas; %d are the most", n, maxCommas)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Decode reads a run that Encode has written. It reads at most maxBytes, and returns an error for
// anything that is not one valid run of this version.
func Decode(r io.Reader) (*Run, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("read results: longer than %d bytes", maxBytes)
	}
	if n := bytes.Count(text, []byte(",")); n > maxCommas {
		return nil, fmt.Errorf("read results: %d commas; %d are the most", n, maxCommas)
	}
	// The version first: what another version calls its fields is not known here.
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if head.Version == nil || *head.Version != Version {
		return nil, fmt.Errorf("read results: version %s, want %d: %w", versionText(head.Version), Version, ErrVersion)
	}
	run := new(Run)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(run); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if err := run.Validate(); err != nil {
		return nil, err
	}
	return run, nil
}

func versionText(v *int) string {
	if v == nil {
		return "missing"
	}
	return fmt.Sprint(*v)
}
