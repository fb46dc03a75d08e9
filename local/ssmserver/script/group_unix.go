//go:build unix

package script

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// separate makes cmd the leader of a process group.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends every process of the group that p leads, or led.
func killGroup(p *os.Process) error {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

// homeless is an environment in which nothing leads out of the folder.
func homeless(folder string) []string { return []string{home + folder, "TMPDIR=" + folder} }

const home = "HOME="
