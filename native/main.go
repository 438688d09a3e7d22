// Command slipway-engine builds, keeps, pulls and pushes images for slipway, which starts it and speaks to it over
// standard input and output.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/sirupsen/logrus"
	"go.podman.io/buildah"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/ops"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// version is that of the command of the same release.
const version = "0.1.0"

const usage = `usage: slipway-engine serve [--store] | version | bench

slipway starts this program by itself. It answers JSON-RPC 2.0 on standard input and output, and ends when its input does.
`

func main() {
	if !takenOver() {
		os.Exit(run(os.Args[1:]))
	}
}

// takenOver does what this process was started for under another name: Buildah starts the program again for parts of its
// work. It comes before anything else.
func takenOver() bool {
	if len(os.Args) > 0 && os.Args[0] == host.NothingCommand {
		host.Nothing(os.Args[1:])
		return true
	}
	isolation.Supervise(os.Args)
	if buildah.InitReexec() {
		return true
	}
	logrus.SetLevel(logrus.WarnLevel)
	return false
}

func run(args []string) int {
	switch {
	case len(args) > 0 && args[0] == "bench":
		return ops.Bench(args[1:])
	case slices.Equal(args, []string{"version"}):
		fmt.Println(version)
		return 0
	case slices.Equal(args, []string{"serve"}):
		return serve(host.Ground{})
	case slices.Equal(args, []string{"serve", "--store"}):
		return serve(store.EnterNamespace())
	}
	fmt.Fprint(os.Stderr, usage)
	return 2
}

// serve answers until the input ends or a signal comes. The ground is that of a process with a store.
func serve(ground host.Ground) int {
	// What is made in images does not depend on who started the engine.
	syscall.Umask(0o022)
	in, out, err := wire.TakeStdio()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	session := ops.NewSession(version, ground)
	status := 0
	if err := wire.Serve(ctx, ops.Table(session), wire.WatchEnding(ctx, in, wire.Patience), out); err != nil {
		fmt.Fprintln(os.Stderr, "serving:", err)
		status = 1
	}
	if err := session.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "closing the store:", err)
		status = 1
	}
	return status
}
