// Package isolation decides how run steps are isolated, by trial, and keeps their processes on a leash.
//
// What steps have at /dev/shm: in a container of an OCI runtime and under chroot a tmpfs of 64 MiB, or the host's where that is
// refused; under plain chroot an empty directory on the disk of the tree, which is removed after the step.
package isolation
