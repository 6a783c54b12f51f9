// SPDX-License-Identifier: Apache-2.0

//go:build !js

package server

import "time"

func pause() { time.Sleep(time.Millisecond) }
