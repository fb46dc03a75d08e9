//go:build unix

package script

import (
	"os/exec"
	"syscall"
)

func escape(child *exec.Cmd) { child.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
