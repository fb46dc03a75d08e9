package script

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// separate keeps the console's interrupts away from cmd.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends p and every process that descends from it while p lives.
func killGroup(p *os.Process) error {
	tree := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(p.Pid)) //nolint:gosec // a number
	if err := tree.Run(); err != nil {
		return p.Kill()
	}
	return nil
}

// homeless is an environment in which nothing leads out of the folder, with what Windows needs for sockets.
func homeless(folder string) []string {
	return []string{"HOME=" + folder, "USERPROFILE=" + folder, "TEMP=" + folder, "TMP=" + folder, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
}
