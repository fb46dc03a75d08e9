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

// shrink gives memory back: free heap, and the program's code and constants, most of which were mapped only while hundreds
// of packages set themselves up. What is needed again is mapped again from the page cache.
// It touches mappings of files alone that cannot be written to and that have no page of their own, as those have in which
// the loader relocated something. So there is nothing to lose.
func shrink() {
	debug.FreeOSMemory()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return // a smaller program is a nicety
	}
	defer maps.Close()
	var from, to string
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// 00400000-013e8000 r-xp 00000000 fe:00 1234 /usr/bin/bot
		// Anonymous:             0 kB
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 0:
		case !strings.HasSuffix(fields[0], ":"):
			from, to = "", ""
			if len(fields) >= 6 && (fields[1] == "r-xp" || fields[1] == "r--p") && strings.HasPrefix(fields[5], "/") {
				from, to, _ = strings.Cut(fields[0], "-")
			}
		case fields[0] == "Anonymous:" && len(fields) > 1 && fields[1] == "0" && from != "":
			start, err1 := strconv.ParseUint(from, 16, 64)
			end, err2 := strconv.ParseUint(to, 16, 64)
			if err1 == nil && err2 == nil {
				_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), madvDontNeed)
			}
		}
	}
}
