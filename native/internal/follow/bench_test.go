package follow

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// workloads are what build steps do much of.
func workloads() map[string]string {
	return map[string]string{
		"stat":    `find /usr/lib/python3 /usr/lib/python3.11 -type f -print0 | xargs -0 stat -c %u > /dev/null`,
		"stat8":   `find /usr/lib/python3 /usr/lib/python3.11 -type f -print0 | xargs -0 -P8 -n 500 stat -c %u > /dev/null`,
		"own":     `find /work/many -type f -print0 | xargs -0 stat -c %u > /dev/null`,
		"create":  `python3 -c 'for i in range(20000): open("/work/f%d" % i, "w").close()'; rm -r /work/f*`,
		"archive": `cd /work; tar xpf many.tar; rm -r many2`,
		"shell":   `i=0; while test $i -lt 500; do /bin/true; i=$((i+1)); done`,
	}
}

func BenchmarkCommands(b *testing.B) {
	for name, script := range workloads() {
		for _, kind := range []string{"bare", "nothing noted", "noted", "user"} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				g := newGround(b, "/dev/shm")
				g.Bare = kind == "bare"
				g.sh(`cd /work; chmod 777 .; mkdir many; i=0; while test $i -lt 10000; do : > many/$i; i=$((i+1)); done
					mkdir many2; cp many/* many2; tar cf many.tar --owner=33 --group=42 many2; rm -r many2`)
				if kind == "bare" && name == "archive" {
					script = `cd /work; tar xf many.tar --no-same-owner; rm -r many2`
				}
				switch kind {
				case "noted", "user":
					g.sh(`chown -R 33:42 /work/many`)
				case "nothing noted":
					g.check(os.Remove(g.LedgerPath))
				}
				args := []string{"/bin/sh", "-euc", script}
				if kind == "user" {
					args = append([]string{"/usr/bin/setpriv", "--reuid=33", "--regid=33", "--clear-groups"}, args...)
				}
				for b.Loop() {
					if output, code := g.run(args...); code != 0 {
						b.Fatal(output)
					}
				}
			})
		}
	}
}

// BenchmarkLookUp is the part of an answer that is not the kernel's.
func BenchmarkLookUp(b *testing.B) {
	var known notes
	owners := ledger.Ledger{}
	for i := range uint64(100000) {
		owners[ledger.Key{Inode: i}] = ledger.Owner{UID: 1}
	}
	known.begin(device{}, owners)
	var status unix.Statx_t
	for b.Loop() {
		status.Ino = (status.Ino + 7919) % 200000
		known.find(&status)
	}
}

// BenchmarkCalls reports what one call costs, as the best of many rounds: the rest of the machine is left out.
func BenchmarkCalls(b *testing.B) {
	const measure = `
import os, time
own, other = "/work/own", "/work/other"
os.chdir("/work"); fd = os.open(own, 0)
def best(call):
    least = 1e9
    for _ in range(40):
        start = time.perf_counter()
        for _ in range(500): call()
        least = min(least, time.perf_counter() - start)
    return least / 500 * 1e9
def create():
    os.close(os.open("new", os.O_CREAT | os.O_WRONLY, 0o600)); os.unlink("new")
for name, call in (("stat", lambda: os.stat(other)), ("stat-noted", lambda: os.stat(own)), ("lstat-relative", lambda: os.lstat("other")),
    ("fstat-noted", lambda: os.fstat(fd)), ("create", create), ("getuid", os.getuid), ("chown", lambda: os.chown(own, 33, -1))):
    try: print(name, best(call))
    except OSError: print(name, 0)
`
	for _, kind := range []string{"bare", "nothing noted", "noted", "user"} {
		b.Run(kind, func(b *testing.B) {
			g := newGround(b, "/dev/shm")
			g.sh(`cd /work; chmod 777 .; : > own; : > other; chown 33:33 own`)
			g.Bare = kind == "bare"
			args := []string{"/usr/bin/python3", "-c", measure}
			switch kind {
			case "nothing noted":
				g.check(os.Remove(g.LedgerPath))
			case "user":
				args = append([]string{"/usr/bin/setpriv", "--reuid=33", "--regid=33", "--clear-groups"}, args...)
			}
			for b.Loop() {
				output, code := g.run(args...)
				if code != 0 {
					b.Fatal(output)
				}
				for line := range strings.Lines(output) {
					var name string
					var cost float64
					if _, err := fmt.Sscan(line, &name, &cost); err == nil {
						b.ReportMetric(cost, name+"-ns")
					}
				}
			}
		})
	}
}
