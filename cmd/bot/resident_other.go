//go:build !linux

package main

import "runtime/debug"

// shrink gives free heap back.
func shrink() { debug.FreeOSMemory() }
