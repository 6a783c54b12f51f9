// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

type exitCodes struct{}

func (exitCodes) Help() string {
	return env.Help("The exit codes are stable: scripts may rely on them.", "lsmlite exit-codes", "lsmlite exit-codes --json")
}

func (exitCodes) Run(e *env.Env) error {
	for _, c := range env.Codes {
		line := fmt.Appendf(nil, "%3d  %s", c.Code, c.Meaning)
		if e.JSON {
			var err error
			if line, err = json.Marshal(map[string]any{"code": c.Code, "meaning": c.Meaning}); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(e.Stdout, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}
