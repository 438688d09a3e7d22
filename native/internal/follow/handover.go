package follow

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Send hands a listener over through a connected socket of the local domain and closes it here: a process that held its own listener would
// wait for ever for a supervisor that died. No call that it makes is followed.
func Send(socket, listener int) error {
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("handing over the listener: %w", err)
	}
	return unix.Close(listener)
}

// Receive takes a listener that Send handed over. The end of the socket before that is an error.
func Receive(socket int) (listener int, err error) {
	text, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	var size int
	for {
		_, size, _, _, err = unix.Recvmsg(socket, text, rights, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return -1, fmt.Errorf("taking over the listener: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil || len(messages) != 1 {
		return -1, fmt.Errorf("taking over the listener: the command's process ended before it sent one")
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		return -1, fmt.Errorf("taking over the listener: not one descriptor (%v)", err)
	}
	return descriptors[0], nil
}
