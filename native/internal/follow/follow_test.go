package follow

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

func TestOwnersThatACommandSetsAreToldAndNoted(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work
			echo a > a; chown 33:42 a; stat -c '%u:%g %a' a
			ln -s a link; chown -h 7 link; stat -c '%u:%g' link; stat -L -c '%u:%g' link
			busybox chown 5 a; busybox stat -c '%u:%g' a
			chgrp 77 a; ls -ln a | cut -d' ' -f3,4
			chown :8 /work/../work/./a; python3 -c 'import os; s=os.stat("a"); print(s.st_uid, s.st_gid); s=os.fstat(os.open("a",0)); print(s.st_uid, s.st_gid)'`),
			"33:42 644", "7:0", "33:42", "5:42", "5 77", "5 8", "5 8")
		if got := g.owner("work/a"); got != (ledger.Owner{UID: 5, GID: 8}) {
			t.Errorf("noted: %+v", got)
		}
		expect(t, g.sh(`stat -c '%u:%g' /work/a; chown 0:0 /work/a; stat -c '%u:%g' /work/a`), "5:8", "0:0")
		if got := g.owners(); len(got) != 1 {
			t.Errorf("noted: %v", got)
		}
	})
}

func TestToolsKeepOwners(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work
			echo a > source
			install -o 33 -g 42 -m 4750 source installed; stat -c '%u:%g %a' installed
			cp -p installed copied; stat -c '%u:%g %a' copied
			cp -a . ../work2; stat -c '%u:%g' ../work2/copied
			sed -i s/a/b/ copied; cat copied; stat -c '%u:%g' copied
			chown 1:2 copied; stat -c %a copied
			mv copied moved; stat -c '%u:%g' moved
			mv moved /mnt/moved; stat -c '%u:%g' /mnt/moved; mv /mnt/moved back; stat -c '%u:%g' back
			ln back hard; chown 9:9 hard; stat -c '%u:%g' back; rm back; stat -c '%u:%g' hard
			install -d -o 5 -g 6 -m 2755 dir; stat -c '%u:%g %a' dir
			find . -user 33 -printf '%f\n' | sort`),
			"33:42 4750", "33:42 4750", "33:42", "b", "33:42", "750", "1:2", "1:2", "1:2", "9:9", "9:9", "5:6 2755", "installed")
	})
}

func TestArchivesAreUnpackedWithTheirOwners(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work; mkdir -p in/dir out; echo a > in/dir/file; ln -s file in/dir/link; mknod in/null c 1 3
			chown -hR 33:42 in/dir; chown 7 in/null
			tar cf a.tar -C in .; tar xpf a.tar -C out; cd out
			stat -c '%n %u:%g %F %t:%T' dir dir/file dir/link null
			tar tvf ../a.tar --numeric-owner ./null | tr -s ' ' | cut -d' ' -f1-3
			cd ..; mkdir busy; busybox tar xpf a.tar -C busy; stat -c '%u:%g %F' busy/dir/file busy/null`),
			"dir 33:42 directory 0:0", "dir/file 33:42 regular file 0:0", "dir/link 33:42 symbolic link 0:0",
			"null 7:0 character special file 1:3", "crw-r--r-- 7/0 1,3", "33:42 regular file", "7:0 character special file")
	})
}

func TestADeviceIsAPlainFileWithANote(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work; umask 027; mknod disk b 8 300; mknod -m 600 zero c 1 5; mkfifo pipe
			chmod 640 zero; chown 3:4 zero; stat -c '%n %F %a %t:%T %u:%g' disk zero pipe; mv zero renamed; test -c renamed; stat -c %F renamed
			rm renamed; echo > renamed; stat -c '%F %u' renamed; test -c /dev/null; stat -c %F /dev/null`),
			"disk block special file 640 8:12c 0:0", "zero character special file 640 1:5 3:4", "pipe fifo 640 0:0 0:0",
			"character special file", "regular file 0", "character special file")
		if got := g.owner("work/disk"); got != (ledger.Owner{Mode: unix.S_IFBLK | 0o640, Rdev: unix.Mkdev(8, 300)}) {
			t.Errorf("noted: %+v", got)
		}
		status, err := os.Lstat(filepath.Join(g.Root, "work/disk"))
		if err != nil || !status.Mode().IsRegular() || status.Size() != 0 {
			t.Errorf("on the disk: %v, %v", status, err)
		}
	})
}

func TestASetGidDirectoryGivesItsGroup(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work; mkdir shared; chown 0:77 shared; chmod 2775 shared; cd shared
			echo a > file; mkdir sub; ln -s x link; mkfifo pipe; cp file copy; mkdir -p one/two; : > one/two/three
			stat -c '%n %u:%g %a' file sub link pipe copy one/two one/two/three
			python3 -c 'import os,tempfile; f=tempfile.NamedTemporaryFile(dir="."); print(os.fstat(f.fileno()).st_gid)
fd=os.open(".", os.O_TMPFILE|os.O_RDWR); print(os.fstat(fd).st_gid)'`),
			"file 0:77 644", "sub 0:77 2755", "link 0:77 777", "pipe 0:77 644", "copy 0:77 644", "one/two 0:77 2755",
			"one/two/three 0:77 644", "77", "77")
	})
}

func TestANewFileInheritsNothingFromADeletedOne(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work; python3 -c '
import os
wrong = reused = 0
for i in range(3000):
    open("a", "w").close(); first = os.stat("a").st_ino; os.chown("a", 33, 33); os.unlink("a")
    open("b", "w").close(); s = os.stat("b"); reused += s.st_ino == first; wrong += s.st_uid != 0; os.unlink("b")
print(wrong)
'`), "0")
	})
}

func TestAUserOwnsWhatItMakes(t *testing.T) {
	onEach(t, func(t *testing.T, g *ground) {
		expect(t, g.sh(`cd /work; chown 1234 .
			su user -c 'id -u; id -G; umask 027; echo a > /work/a; mkdir /work/d; ln -s a /work/l; python3 -c "
import os,tempfile
fd, name = tempfile.mkstemp(dir=\"/work\"); s = os.fstat(fd); print(s.st_uid, s.st_gid, oct(s.st_mode), os.get_inheritable(fd))
os.chmod(name, 0o640)"'
			stat -c '%n %u:%g %a' a d l
			setpriv --reuid=33 --regid=42 --groups 5,6 sh -c 'id -u; id -g; id -G; : > /work/b; stat -c %u:%g /work/b; cat < /work/b; echo x >> /work/a; : > /mnt/other; stat -c %u:%g /mnt/other'
			stat -c '%n %u:%g' a b; id -u; : > root; stat -c %u:%g root`),
			"1234", "1234 77", "1234 1234 0o100600 False", "a 1234:1234 640", "d 1234:1234 750", "l 1234:1234 777",
			"33", "42", "42 5 6", "33:42", "33:42", "a 1234:1234", "b 33:42", "0", "0:0")
	})
}

func TestAUserMayNotGiveFilesAway(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .; : > roots
		su user -c '
			try() { "$@" 2>/dev/null && echo yes || echo no; }
			: > mine; try chown 33 mine; try chown 1234 mine; try chgrp 77 mine; try chgrp 33 mine; try chown 1234 roots
			try chmod 600 mine; try chmod 600 roots; try mknod zero c 1 5; try mknod pipe p
			stat -c %u:%g mine roots pipe'`),
		"no", "yes", "yes", "no", "no", "yes", "no", "no", "yes", "1234:77", "0:0", "1234:1234")
}

func TestIdsAreInheritedAndLostForGood(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .
		python3 -c '
import os, threading, time
def child(name):
    if os.fork() == 0:
        open(name, "w").close(); os._exit(0)
os.seteuid(33); open("effective", "w").close(); os.seteuid(0); open("again", "w").close()
before = os.fork()
if before == 0:
    time.sleep(0.3); open("before", "w").close(); os._exit(0)
os.setgroups([1]); os.setresgid(42, 42, 42); os.setresuid(33, 33, 33)
for call in (lambda: os.setuid(0), lambda: os.setreuid(0, 0), lambda: os.setgid(0), lambda: os.setgroups([])):
    try: call(); print("regained")
    except PermissionError: pass
print(os.getresuid(), os.getresgid(), os.getgroups())
child("child"); os.wait()
t = threading.Thread(target=lambda: open("thread", "w").close()); t.start(); t.join()
if os.fork() == 0: # a daemon
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3); os.execvp("sh", ["sh", "-c", "id -u > daemon.tmp; mv daemon.tmp daemon"])
    os._exit(0)
os.wait(); os.waitpid(before, 0)
os.sys.stdout.flush(); os.execvp("sh", ["sh", "-c", "id -u; : > executed"])'
		while ! test -e daemon; do sleep 0.1; done
		cat daemon; stat -c '%n %u:%g' effective again before child thread daemon executed`),
		"(33, 33, 33) (42, 42, 42) [1]", "33", "33", "effective 33:0", "again 0:0", "before 0:0", "child 33:42", "thread 33:42",
		"daemon 33:42", "executed 33:42")
}

func TestASetIdProgramChangesIds(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .; cp /usr/bin/id id; cp id id33; chmod 4755 id; chown 33:42 id33; chmod 6755 id33
		printf '#!/bin/sh\nid -u\n' > script; chmod 4755 script
		su user -c './id -u; ./id -ru; ./id33 -u; ./id33 -g; ./script'; ./id33 -u; ./id33 -ru`),
		"0", "1234", "33", "42", "1234", "33", "0")
}

func TestPrivilegesAreDroppedAsAptDoes(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .; python3 -c '
import os
uid, gid = 33, 33
os.setgroups([gid]); os.setegid(gid); os.setgid(gid); os.setuid(uid)
assert os.getgroups() == [gid] and os.getegid() == gid and os.getgid() == gid and os.geteuid() == uid and os.getuid() == uid
assert os.getresuid() == (uid,)*3 and os.getresgid() == (gid,)*3
for call in (os.setuid, os.seteuid, os.setgid, os.setegid):
    try: call(0); raise SystemExit("regained root")
    except PermissionError: pass
print("dropped")'
		`+asRole("drop")+`; `+asRole("chown")+` /work/by-go; stat -c %u:%g /work/by-go`),
		"dropped", "go: 33 33 [33 44]", "go: 12 13", "12:13")
}

func TestManyProcessesAtATime(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .
		for i in $(seq 64); do
			setpriv --reuid=$((1000+i)) --regid=$((2000+i)) --clear-groups sh -c "mkdir $i; for n in 1 2 3 4 5 6 7 8 9; do : > $i/\$n; done; id -u > $i/id" &
		done; wait
		for i in $(seq 64); do chown -R :$((3000+i)) $i & done; wait
		for i in $(seq 64); do
			test "$(stat -c '%u:%g' $i $i/* | sort -u)" = $((1000+i)):$((3000+i)) && test $(cat $i/id) = $((1000+i)) || echo wrong $i
		done; echo right`), "right")
}

func TestAKilledCommandIsNoError(t *testing.T) {
	g := newGround(t, "/var/tmp")
	for i := range 10 {
		var output bytes.Buffer
		started := g.start(&output, "/bin/sh", "-c", `cd /work; echo $$ > pid
			for i in 1 2 3 4 5 6 7 8; do python3 -c '
import os
os.setuid(33)
while True:
    open("f%d" % os.getpid(), "w").close(); os.stat("."); os.unlink("f%d" % os.getpid())' & done; wait`)
		time.Sleep(time.Duration(100+20*i) * time.Millisecond)
		for _, process := range inside(g.Root) {
			_ = unix.Kill(process, unix.SIGKILL)
		}
		ended := make(chan struct{})
		go func() { _ = started.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = started.Process.Kill()
			t.Fatal("still serving")
		}
		if code := started.ProcessState.ExitCode(); code == 97 || output.Len() > 0 {
			t.Fatalf("exit status %d: %s", code, output.String())
		}
	}
}

// inside lists the processes whose root is a directory.
func inside(root string) []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, entry := range entries {
		var pid int
		if _, err := fmt.Sscan(entry.Name(), &pid); err != nil {
			continue
		}
		if at, err := os.Readlink(filepath.Join("/proc", entry.Name(), "root")); err == nil && at == root {
			found = append(found, pid)
		}
	}
	return found
}

func TestWhatIsNotTheRootsOwn(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /mnt; : > a; chown 33:42 a; stat -c %u:%g a
		mkdir -p /work/inner/bin /work/inner/usr; cp /bin/busybox /work/inner/bin; : > /work/inner/file; ln -s /file /work/inner/link
		chroot /work/inner /bin/busybox sh -c 'cd /bin; ./busybox ln -s busybox chown; PATH=/bin; chown 5:6 /link; ./busybox stat -c %u:%g /file; ./busybox mkdir /d; chown 7 /d'
		stat -c %u:%g /work/inner/file /work/inner/d
		: > /work/opened
		ln -s /dev/stdout log; { chown 2 log; stat -L -c %u /proc/self/fd/1; echo b >> /dev/stdout; } | cat; exec 7>/work/opened; chown 8:9 /proc/self/fd/7; stat -c %u:%g /work/opened; stat -L -c %u:%g /proc/self/fd/7`),
		"33:42", "5:6", "5:6", "7:0", "2", "b", "8:9", "8:9")
}

func TestCapabilitiesOfFilesAreTheKernels(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; : > a; chown 33 a; python3 -c '
import os, struct
os.setxattr("a", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))
print(len(os.getxattr("a", "security.capability"))); os.chown("a", 34, -1)
try: os.getxattr("a", "security.capability")
except OSError as e: print(e.strerror)'`), "20", "No data available")
}

func TestSignalsDoNotDoACallTwice(t *testing.T) {
	g := newGround(t, "/var/tmp")
	expect(t, g.sh(`cd /work; chmod 777 .; python3 -c '
import os, signal
signal.signal(signal.SIGALRM, lambda *_: None); signal.siginterrupt(signal.SIGALRM, False); signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
os.setuid(33); before = len(os.listdir("/proc/self/fd"))
for i in range(4000):
    os.mkdir("d%d" % i); os.close(os.open("d%d/f" % i, os.O_CREAT|os.O_EXCL|os.O_WRONLY))
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(os.listdir(".")), len(os.listdir("/proc/self/fd")) - before)'`), "4000 0")
}

func TestACommandMayStartAsAUser(t *testing.T) {
	g := newGround(t, "/var/tmp")
	g.check(os.Chmod(filepath.Join(g.Root, "work"), 0o777))
	g.UID, g.GID, g.Groups = 33, 42, []uint32{5, 77}
	expect(t, g.sh(`id -u; id -g; id -G; cd /work; : > a; stat -c %u:%g a; chgrp 77 a; chown 0 a 2>/dev/null || stat -c %u:%g a`),
		"33", "42", "42 5 77", "33:42", "33:77")
	if got := g.summary(); got.Changed < 2 || len(got.Refused) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestACommandDoesNotWaitForASupervisorThatEnded(t *testing.T) {
	g := newGround(t, "/var/tmp")
	g.check(os.WriteFile(g.LedgerPath, []byte("no ledger\n"), 0o644))
	started := time.Now()
	output, code := g.run("/bin/sh", "-c", "echo ran")
	if code != 97 || !strings.Contains(output, "function not implemented") || time.Since(started) > time.Minute {
		t.Errorf("exit status %d after %v: %s", code, time.Since(started), output)
	}
}

func TestTheEndOfTheSocketIsNoListener(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	unix.Close(pair[1])
	if listener, err := Receive(pair[0]); err == nil {
		t.Errorf("got %d", listener)
	}
}

// asRole is a shell's command that runs this program in a role.
func asRole(role string) string {
	return strings.Join([]string{"env", roleVariable + "=" + role, "/program"}, " ")
}
