// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"mime"
	"net/http"
	"path"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// serveBackup sends a copy of one state of the database. The trailer says that it is whole; one that
// is not ends the connection before the end of the response.
func (in *Inspector) serveBackup(q *request) error {
	leave, err := enter(in.backups, "Backups")
	if err != nil {
		return err
	}
	defer leave()
	name := path.Base(filepath.ToSlash(q.db.Path()))
	h := q.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Trailer", wire.TrailerComplete)
	if q.r.Method == http.MethodHead {
		q.begin(http.StatusOK)
		return nil
	}
	out := in.stream(q)
	defer out.end()
	if err := q.db.BackupTo(q.r.Context(), firstWrite{q, out}, engine.BackupOptions{}); err != nil {
		h.Del("Trailer")
		h.Del("Content-Disposition")
		return err
	}
	h.Set(wire.TrailerComplete, "yes")
	return nil
}

// firstWrite begins the response with the first byte, so that an error before it is an answer.
type firstWrite struct {
	q   *request
	out *stream
}

func (w firstWrite) Write(p []byte) (int, error) {
	if !w.q.begun {
		w.q.begin(http.StatusOK)
	}
	return w.out.Write(p)
}
