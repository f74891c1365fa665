// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownGroup puts a process and its children into a group of their own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to a process started with ownGroup and to all its
// children. A group that is gone already is none of our concern.
func signalGroup(leader *os.Process, received os.Signal) {
	if number, ok := received.(syscall.Signal); ok {
		_ = syscall.Kill(-leader.Pid, number)
	}
}
