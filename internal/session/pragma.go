// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/parser"
)

// SettingPragmas reads and changes settings by PRAGMA.
type SettingPragmas interface {
	// SettingNames lists the names of all settings, for an error.
	SettingNames() string
	// RunSetting runs a PRAGMA if it is a setting. known is false if there is no setting of
	// that name. It may call Configure.
	RunSetting(p *parser.Pragma) (t *pragma.Table, known bool, err error)
}

// runPragma runs a PRAGMA.
func (r *Rows) runPragma(p *parser.Pragma) (*pragma.Table, error) {
	if t, known, err := r.settings.RunSetting(p); known {
		return t, err
	}
	row := pragma.Named(p.Name)
	if row == nil {
		return nil, misusef("pragma", "unknown pragma %s; there are: %s, %s",
			p.Name, r.settings.SettingNames(), strings.Join(pragma.Names(), ", "))
	}
	call := pragma.Call{Store: r.txn.store, ReadOnly: r.txn.settings.ReadOnly, Writing: r.txn.state == txnWriting}
	if shared := r.txn.shared; !shared.InMemory {
		call.Path = shared.Path
	}
	return row.Run(r.ctx, &call, p.Args)
}
