package follow

import "golang.org/x/sys/unix"

// call is a system call that the filter hands to the supervisor.
type call struct {
	number uint32
	// mask: only if the argument has one of these bits; 0: always.
	mask uint32
	// equals: only if the argument is this; 0: whatever it is.
	equals   uint32
	argument int
	play     func(*worker) answer
}

const (
	// offsets in struct seccomp_data; the low half of an argument comes first on both architectures.
	numberOffset, archOffset, argumentsOffset = 0, 4, 16

	load      = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpAny   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	give      = unix.BPF_RET | unix.BPF_K
)

// program is the filter. Calls of another architecture's programs (i386, x32, 32 bit ARM) pass: they are not followed.
func program(calls []call) []unix.SockFilter {
	code := []unix.SockFilter{
		{Code: load, K: archOffset},
		{Code: jumpEqual, K: nativeArch, Jt: 1},
		{Code: give, K: unix.SECCOMP_RET_ALLOW},
		{Code: load, K: numberOffset},
	}
	for _, call := range calls {
		test := unix.SockFilter{Code: jumpAny, K: call.mask, Jf: 1}
		if call.equals != 0 {
			test = unix.SockFilter{Code: jumpEqual, K: call.equals, Jf: 1}
		}
		if test.K == 0 {
			code = append(code,
				unix.SockFilter{Code: jumpEqual, K: call.number, Jf: 1},
				unix.SockFilter{Code: give, K: unix.SECCOMP_RET_USER_NOTIF})
			continue
		}
		code = append(code,
			unix.SockFilter{Code: jumpEqual, K: call.number, Jf: 4},
			unix.SockFilter{Code: load, K: argumentsOffset + 8*uint32(call.argument)},
			test,
			unix.SockFilter{Code: give, K: unix.SECCOMP_RET_USER_NOTIF},
			unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	}
	return append(code, unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
}
