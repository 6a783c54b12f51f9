// SPDX-License-Identifier: Apache-2.0

package care

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// logLines prints records of a log.
type logLines struct {
	e      *env.Env
	values bool
	begun  bool
}

func (l *logLines) print(r *engine.LogRecord) error {
	if l.e.JSON {
		return l.printJSON(r)
	}
	if r.Kind == engine.LogEnd {
		return l.printEnd(r.End)
	}
	if !l.begun {
		l.begun = true
		if _, err := fmt.Fprintf(l.e.Stdout, "%10s %8s %5s  %s\n", "offset", "bytes", "trans", "record"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(l.e.Stdout, "%10d %8d %5d  %s\n", r.Offset, r.Bytes, r.Transaction, l.describe(r))
	return err
}

// describe says what a record does.
func (l *logLines) describe(r *engine.LogRecord) string {
	s := string(r.Kind)
	switch r.Kind {
	case engine.LogWrite:
		s += " " + shortened(r.Key, r.KeyLen)
		if l.values {
			s += " = " + shortened(r.Value, r.ValueLen)
		} else {
			s += fmt.Sprintf(" (%d bytes)", r.ValueLen)
		}
	case engine.LogDelete:
		s += " " + shortened(r.Key, r.KeyLen)
	case engine.LogDeleteRange:
		s += fmt.Sprintf(" between %s and %s", shortened(r.Key, r.KeyLen), shortened(r.EndKey, r.EndKeyLen))
	case engine.LogJump:
		s += fmt.Sprintf(" to %d", r.Target)
	case engine.LogHead:
		s += fmt.Sprintf(" of a log begun after checkpoint %d", r.Checkpoint)
	case engine.LogRestart:
		s += ": transactions before this are gone"
	}
	if r.Sum != engine.LogSumNone {
		s += ", checksum " + string(r.Sum)
	}
	return s
}

// shortened shows the beginning of n bytes.
func shortened(b []byte, n int64) string {
	if int64(len(b)) < n {
		return fmt.Sprintf("%s… (%d bytes)", text.Show(b), n)
	}
	return text.Show(b)
}

// printEnd says how the log ends.
func (l *logLines) printEnd(end *engine.LogEndInfo) error {
	_, err := fmt.Fprintf(l.e.Stdout, "%s in a file of %s. It ends there: %s.\n", plural(end.Commits, "transaction"), amount(end.Bytes), end.Why)
	if err == nil && end.Uncommitted > 0 {
		_, err = fmt.Fprintf(l.e.Stdout, "%s after the last commit do not count.\n", plural(end.Uncommitted, "record"))
	}
	for i, r := range end.Regions {
		if err == nil && r.End > r.Start {
			_, err = fmt.Fprintf(l.e.Stdout, "region %d: bytes %d to %d\n", i+1, r.Start, r.End)
		}
	}
	return err
}

// logJSON is a record in JSON.
type logJSON struct {
	Kind        engine.LogRecordKind `json:"kind"`
	Offset      int64                `json:"offset"`
	Bytes       int64                `json:"bytes"`
	Transaction int64                `json:"transaction"`
	Sum         engine.LogSum        `json:"checksum,omitempty"`
	logKeys
	Target     *int64      `json:"target,omitempty"`
	Checkpoint *int64      `json:"checkpoint,omitempty"`
	End        *logEndJSON `json:"end,omitempty"`
}

// logKeys are keys and a value, or the beginnings of them, in JSON.
type logKeys struct {
	Key          *string `json:"key,omitempty"`
	KeyBase64    []byte  `json:"key_base64,omitempty"`
	KeyBytes     int64   `json:"key_bytes,omitempty"`
	EndKey       *string `json:"end_key,omitempty"`
	EndKeyBase64 []byte  `json:"end_key_base64,omitempty"`
	EndKeyBytes  int64   `json:"end_key_bytes,omitempty"`
	Value        *string `json:"value,omitempty"`
	ValueBase64  []byte  `json:"value_base64,omitempty"`
	ValueBytes   *int64  `json:"value_bytes,omitempty"`
}

// logEndJSON says how a log ends, in JSON.
type logEndJSON struct {
	Why         string          `json:"why"`
	Torn        bool            `json:"torn"`
	Commits     int64           `json:"commits"`
	Uncommitted int64           `json:"uncommitted_records"`
	FileBytes   int64           `json:"file_bytes"`
	Regions     []logRegionJSON `json:"regions"`
}

type logRegionJSON struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

func (l *logLines) printJSON(r *engine.LogRecord) error {
	line := logJSON{Kind: r.Kind, Offset: r.Offset, Bytes: r.Bytes, Transaction: r.Transaction, Sum: r.Sum}
	switch r.Kind {
	case engine.LogWrite, engine.LogDelete, engine.LogDeleteRange:
		line.logKeys = l.keys(r)
	case engine.LogJump:
		line.Target = &r.Target
	case engine.LogHead:
		line.Checkpoint = &r.Checkpoint
	case engine.LogEnd:
		line.End = endJSON(r.End)
	}
	return printJSON(l.e, line)
}

// keys are what a record is about.
func (l *logLines) keys(r *engine.LogRecord) (k logKeys) {
	k.Key, k.KeyBase64 = inJSON(r.Key)
	k.KeyBytes = r.KeyLen
	if r.Kind == engine.LogDeleteRange {
		k.EndKey, k.EndKeyBase64 = inJSON(r.EndKey)
		k.EndKeyBytes = r.EndKeyLen
	}
	if r.Kind == engine.LogWrite {
		if l.values {
			k.Value, k.ValueBase64 = inJSON(r.Value)
		}
		k.ValueBytes = &r.ValueLen
	}
	return k
}

func endJSON(end *engine.LogEndInfo) *logEndJSON {
	out := &logEndJSON{Why: end.Why, Torn: end.Torn, Commits: end.Commits, Uncommitted: end.Uncommitted, FileBytes: end.Bytes, Regions: []logRegionJSON{}}
	for _, r := range end.Regions {
		if r.End > r.Start {
			out.Regions = append(out.Regions, logRegionJSON(r))
		}
	}
	return out
}
