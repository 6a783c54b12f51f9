// SPDX-License-Identifier: Apache-2.0

package parser

type printer struct{ buf []byte }

func (p *printer) word(s string) { p.buf = append(p.buf, s...) }
