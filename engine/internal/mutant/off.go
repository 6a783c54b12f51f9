// SPDX-License-Identifier: Apache-2.0

//go:build !invariants

package mutant

// Is is false in ordinary builds.
func Is(Mutant) bool { return false }

// With does nothing in ordinary builds.
func With(Mutant) (stop func()) { return func() {} }
