// Package follow plays the owners of files and the ids of processes for a command that runs as root of a user namespace with
// one id, where the kernel can give neither.
//
// A seccomp filter that the command carries hands the calls that set or tell owners and ids to a supervisor. What the
// command sets is noted in a ledger, and what it asks for is answered from there. Everything else goes to the kernel.
//
// It is a convenience for programs that mean well, and no protection: a command can get around it, and gains nothing by that.
//
// The process that becomes the command calls Install on a locked thread, as the last thing before execve, when it has its
// root, and hands the listener over by Send. The supervisor is root of the same user namespace and sees the same
// processes; it takes the listener by Receive and calls Serve.
package follow
