package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// madvDontNeed is MADV_DONTNEED of madvise(2).
const madvDontNeed = 4

// shrink gives memory back: free heap, and the program's code, most of which was mapped only while hundreds of packages
// set themselves up. What is needed again is mapped again from the page cache.
// It touches executable mappings alone: nothing is ever written to them, so there is nothing to lose.
func shrink() {
	debug.FreeOSMemory()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return // a smaller program is a nicety
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 00400000-013e8000 r-xp 00000000 fe:00 1234 /usr/bin/bot
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[1] != "r-xp" || !strings.HasPrefix(fields[5], "/") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), madvDontNeed)
		}
	}
}
