package isolation

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// engineVariable makes TestAnEngine play an engine that runs commands until it is killed; it names the image.
const engineVariable = "SLIPWAY_TEST_ENGINE"

func TestAnEngine(t *testing.T) {
	base := os.Getenv(engineVariable)
	if base == "" {
		return
	}
	runner := rooted{mounted: os.Getenv("SLIPWAY_TEST_MOUNTED") != ""}
	b := &bed{t: t, base: base, root: filepath.Join(base, "root")}
	for {
		_, _ = b.run(runner, b.command("(setsid "+b.nap(4731)+" &); setsid "+b.nap(4731)+" & sleep 0.0"+strconv.Itoa(rand.IntN(9))))
	}
}

func TestAKilledEngineLeavesNoProcess(t *testing.T) {
	for _, mounted := range []string{"", "yes"} {
		for range 20 {
			b := newBed(t)
			engine := exec.Command("/proc/self/exe", "-test.run", "^TestAnEngine$")
			engine.Env = append(os.Environ(), engineVariable+"="+b.base, "SLIPWAY_TEST_MOUNTED="+mounted)
			b.must(engine.Start())
			time.Sleep(time.Duration(20+rand.IntN(100)) * time.Millisecond)
			b.must(engine.Process.Kill())
			_ = engine.Wait()
			if left := remaining(b, 4731); len(left) > 0 {
				for _, pid := range left {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
				t.Errorf("mounted %q: left %v", mounted, left)
			}
			if left := mountsIn(t, b.base); len(left) > 0 {
				t.Errorf("mounted %q: left mounted %v", mounted, left)
			}
		}
	}
}

// remaining are the processes that are still there after what a runner needs to end them.
func remaining(b *bed, seconds int) (left []int) {
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		naps, runners := b.napping(seconds)
		if left = append(naps, runners...); len(left) == 0 {
			return nil
		}
	}
	return left
}

func BenchmarkRunners(b *testing.B) {
	for name, runner := range map[string]Runner{"plain": rooted{}, "mounted": rooted{mounted: true}} {
		b.Run(name, func(b *testing.B) {
			bed := newBed(b)
			for b.Loop() {
				if _, err := bed.run(runner, bed.command("true")); err != nil {
					b.Fatal(fmt.Errorf("%w: %s", err, bed.stderr.String()))
				}
			}
		})
	}
}
