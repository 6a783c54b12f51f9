// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package holder

func find(string) (Found, error) { return Found{}, ErrUnknown }
