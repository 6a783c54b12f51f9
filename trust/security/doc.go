// SPDX-License-Identifier: Apache-2.0

// Package security has tests of what docs/threat-model.md promises: the modes of files, what happens at names that are
// links, folders, pipes or devices, that only commands run programs, and that no error, log line or report shows a
// secret. They change the mask of the process, so they have one of their own.
package security
