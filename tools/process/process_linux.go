// SPDX-License-Identifier: Apache-2.0

package process

import "syscall"

// boundToUs puts a process into a group of its own, out of reach of the
// terminal's signals, and has the kernel kill it when we die, however we die.
func boundToUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
