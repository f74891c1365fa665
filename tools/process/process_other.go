// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package process

import "syscall"

// boundToUs puts a process into a group of its own, out of reach of the
// terminal's signals. Only Linux can also have it killed when we are.
func boundToUs() *syscall.SysProcAttr { return OwnGroup() }
