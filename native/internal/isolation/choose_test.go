package isolation

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// on is a ground with two obstacles.
func on(standing host.Standing) host.Ground {
	return host.Ground{Standing: standing, Obstacles: []host.Obstacle{
		{Code: "A", Message: "mounts are refused", Remedy: "allow mounts"},
		{Code: "B", Message: "there are no ranges", Remedy: "add ranges"},
	}}
}

func TestTheGroundDecidesWhatAutoTakes(t *testing.T) {
	for standing, want := range map[host.Standing]Choice{
		host.AsRoot:      {Mode: Chroot},
		host.InNamespace: {Mode: Chroot, rootless: true},
		host.SingleID:    {Mode: Chroot, SingleID: true, rootless: true, Why: "there are no ranges"},
		host.Plain:       {Mode: PlainChroot, Why: "there are no ranges"},
		host.Bare:        {Mode: NoRun, Why: "mounts are refused"},
	} {
		for _, mode := range []string{"", "auto", "docker"} {
			got, err := Choose(t.Context(), Request{Mode: mode, Ground: on(standing), Runtime: "no-such-runtime", Scratch: t.TempDir()})
			if err != nil || got.Mode != want.Mode || got.SingleID != want.SingleID || got.rootless != want.rootless || !strings.Contains(got.Why, want.Why) {
				t.Errorf("%s, %q: got %+v, %v", standing, mode, got, err)
			}
		}
	}
}

func TestAModeAskedForByNameNeedsItsGround(t *testing.T) {
	for _, one := range []struct {
		mode     Mode
		standing host.Standing
		want     string
	}{
		{Chroot, host.AsRoot, ""}, {Chroot, host.InNamespace, ""}, {Chroot, host.SingleID, ""},
		{Chroot, host.Plain, "mounts are refused"}, {Chroot, host.Bare, "mounts are refused"},
		{PlainChroot, host.AsRoot, ""}, {PlainChroot, host.Plain, ""},
		{PlainChroot, host.InNamespace, "needs root"}, {PlainChroot, host.SingleID, "needs root"}, {PlainChroot, host.Bare, "mounts are refused"},
		{Rootless, host.Plain, "mounts are refused"}, {Rootless, host.AsRoot, "no-such-runtime: not found"},
	} {
		got, err := Choose(t.Context(), Request{Mode: string(one.mode), Ground: on(one.standing), Runtime: "no-such-runtime", Scratch: t.TempDir()})
		switch {
		case one.want == "" && (err != nil || got.Mode != one.mode):
			t.Errorf("%s on %s: got %+v, %v", one.mode, one.standing, got, err)
		case one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)):
			t.Errorf("%s on %s: got %v", one.mode, one.standing, err)
		}
	}
}

func TestInAContainerTheErrorSaysSo(t *testing.T) {
	t.Setenv("WERF_CONTAINERIZED", "yes")
	_, err := Choose(t.Context(), Request{Mode: "native-rootless", Runtime: "no-such-runtime", Scratch: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "not available in this container") || !strings.Contains(err.Error(), "no-such-runtime") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutARungACommandFailsWithReasonAndRemedy(t *testing.T) {
	choice, err := Choose(t.Context(), Request{Ground: on(host.Bare)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = choice.Runner().Run(t.Context(), Command{})
	var obstacle *host.Obstacle
	if !errors.As(err, &obstacle) || obstacle.Remedy != "allow mounts" || !strings.HasSuffix(err.Error(), "mounts are refused") || len(choice.Runner().Places()) > 0 {
		t.Errorf("got %v", err)
	}
}

func TestAnEmptyNetworkIsTriedForReal(t *testing.T) {
	if err := tryEmptyNetwork(); err != nil {
		t.Errorf("as root: %v", err)
	}
	// As a user without a namespace it is refused.
	command := exec.Command("/proc/self/exe", "-test.run", "^TestAUserHasNoEmptyNetwork$")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: freeID, Gid: freeID}}
	if text, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAUserHasNoEmptyNetwork(t *testing.T) {
	err := tryEmptyNetwork()
	if refused := err != nil && strings.Contains(err.Error(), "operation not permitted"); refused == host.Root("/").Has(unix.CAP_SYS_ADMIN) {
		t.Errorf("got %v", err)
	}
}
