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
		if e.JSON {
			line, err := json.Marshal(map[string]any{"code": c.Code, "meaning": c.Meaning})
			if err != nil {
				return err
			}
			fmt.Fprintf(e.Stdout, "%s\n", line)
			continue
		}
		fmt.Fprintf(e.Stdout, "%3d  %s\n", c.Code, c.Meaning)
	}
	return nil
}
