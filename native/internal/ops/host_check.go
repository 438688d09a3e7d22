package ops

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"go.podman.io/storage/types"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// checkHost tries what builds need, and keeps nothing open.
func checkHost(s *Session) func(context.Context, protocol.HostCheck, wire.Emit) (protocol.HostReport, error) {
	return func(ctx context.Context, params protocol.HostCheck, _ wire.Emit) (protocol.HostReport, error) {
		if s.storeObstacle != nil {
			return protocol.HostReport{}, openFailure(s.storeObstacle)
		}
		// What the user has set; the libraries get other values.
		given := variables(os.Environ())
		if err := settle(s.Settings()); err != nil {
			return protocol.HostReport{}, openFailure(err)
		}
		layer.RegisterDriver()
		look := &hostLook{session: s, params: params, at: host.Surroundings("/", os.Getenv), given: given}
		if outside := s.ground.Outside; outside != nil {
			look.at.UID = outside.UID
		}
		return look.report(ctx)
	}
}

// variables reads an environment as it was.
func variables(environment []string) func(string) string {
	values := map[string]string{}
	for _, assignment := range environment {
		name, value, _ := strings.Cut(assignment, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// hostLook is one look at the machine.
type hostLook struct {
	session *Session
	params  protocol.HostCheck
	at      host.Environment
	given   func(string) string
	// scratch is where trials of isolation are made: in the store, where there is one, as builds do.
	scratch string
}

func (l *hostLook) report(ctx context.Context) (protocol.HostReport, error) {
	limits, err := host.Limits()
	if err != nil {
		return protocol.HostReport{}, err
	}
	made := protocol.HostReport{Environment: l.at.String()}
	made.Chosen.Fixes = []string{}
	l.scratch = l.session.Settings().RunDirectory
	options, misplaced := store.Options()
	if misplaced == nil {
		made.Drivers = l.drivers(options)
	} else {
		l.cannot(&made, misplaced)
	}
	var opened *store.Store
	if misplaced == nil {
		opened = l.open(&made)
	}
	_, refused := runLimits(l.params.Ulimits)
	if refused != nil {
		l.cannot(&made, refused)
	}
	made.Rungs = l.rungs(ctx)
	site := host.Site{Store: options.GraphRoot, Limits: limits, Variable: l.given}
	errors.As(refused, &site.Asked)
	for _, check := range host.Checks(ctx, "/", l.session.ground, site) {
		made.Checks = append(made.Checks, protocol.HostFinding{
			Id: check.ID, Title: check.Title, State: string(check.State), Found: check.Found, Error: check.Error,
			Fixes: append([]string{}, check.Fixes...),
		})
	}
	l.choose(ctx, opened, &made)
	if opened != nil {
		if err := opened.Close(); err != nil {
			l.cannot(&made, err)
		}
	}
	return made, ctx.Err()
}

// cannot notes why nothing can be built; what was noted first stays.
func (l *hostLook) cannot(made *protocol.HostReport, err error) {
	if made.Chosen.Error == "" {
		failure := openFailure(err)
		var told *wire.Failure
		made.Chosen.Error, made.Chosen.Fixes = failure.Error(), remediesOf(err)
		if errors.As(failure, &told) {
			made.Chosen.Error = told.Message
			if told.Hint != "" {
				made.Chosen.Fixes = strings.Split(told.Hint, between)
			}
		}
	}
}

// open opens the store for the trials of isolation, which need a place.
func (l *hostLook) open(made *protocol.HostReport) *store.Store {
	opened, err := store.Open(l.wish(l.params.Mode))
	if err != nil {
		l.cannot(made, err)
		return nil
	}
	made.Chosen.Driver, made.Chosen.Why = string(opened.Driver), opened.Why
	l.scratch = opened.GraphRoot()
	return opened
}

// isolationRequest asks for a mode; scratch is where trials can be made.
func isolationRequest(ground host.Ground, mode, runtime, scratch, memory string) isolation.Request {
	return isolation.Request{Mode: mode, Runtime: runtime, Ground: ground, Rootless: ground.Standing == host.InNamespace, Scratch: scratch, Memory: memory}
}

func (l *hostLook) tryMode(ctx context.Context, mode string) (isolation.Choice, error) {
	return isolation.Choose(ctx, isolationRequest(l.session.ground, mode, l.params.Runtime, l.scratch, ""))
}

// rungs tells of each way to isolate run steps.
func (l *hostLook) rungs(ctx context.Context) []protocol.HostFinding {
	var found []protocol.HostFinding
	for _, mode := range []isolation.Mode{isolation.Rootless, isolation.Chroot, isolation.PlainChroot} {
		one := protocol.HostFinding{Id: string(mode), Title: string(mode), State: string(host.OK), Fixes: []string{}}
		choice, err := l.tryMode(ctx, string(mode))
		switch {
		case err != nil:
			one.State, one.Error, one.Fixes = string(host.Missing), withoutTitle(mode, err), l.mending(mode, err)
		case choice.SingleID:
			one.State, one.Found = string(host.Limited), "in a user namespace of one id: owners are kept beside the files"
			one.Fixes = l.session.ground.Fixes(host.NoChroot, host.NoMknod)
		case choice.Runtime != "":
			one.Found = choice.Runtime + " ran a trial container"
		}
		if err == nil && choice.NoNetwork != nil {
			one.State = string(host.Limited)
			one.Error = choice.NoNetwork.Error()
			one.Fixes = l.session.ground.Fixes(host.NoChroot, host.NoMknod)
		}
		found = append(found, one)
	}
	return append(found, protocol.HostFinding{
		Id: string(isolation.NoRun), Title: "without RUN", State: string(host.OK),
		Found: "layers of COPY, ADD and git are put together without running anything", Fixes: []string{},
	})
}

// withoutTitle leaves out that the mode is not available, which the line says already.
func withoutTitle(mode isolation.Mode, err error) string {
	_, reason, cut := strings.Cut(err.Error(), ": ")
	if cut && strings.HasPrefix(err.Error(), string(mode)+" is not available") {
		return reason
	}
	return err.Error()
}

// mending is what would make room for a mode.
func (l *hostLook) mending(mode isolation.Mode, err error) []string {
	if mode == isolation.PlainChroot && l.at.UID != 0 {
		return []string{"run slipway as root"}
	}
	fixes := remediesOf(err)
	if mode == isolation.PlainChroot {
		return fixes
	}
	for _, fix := range l.session.ground.Fixes(host.NoChroot, host.NoMknod) {
		if !slices.Contains(fixes, fix) {
			fixes = append(fixes, fix)
		}
	}
	return fixes
}

func (l *hostLook) wish(mode string) store.Wish {
	return store.Wish{Asked: l.params.Driver, Unmounted: unmounted(mode, l.session.ground), Ground: l.session.ground.Standing}
}

// drivers tells of each way to keep layers.
func (l *hostLook) drivers(options types.StoreOptions) []protocol.HostFinding {
	trials, err := store.Trials(options, l.wish(l.params.Mode))
	if err != nil {
		return []protocol.HostFinding{{
			Id: "store", Title: options.GraphRoot, State: string(host.Missing), Error: err.Error(), Fixes: remediesOf(err),
		}}
	}
	found := make([]protocol.HostFinding, 0, len(trials))
	for _, trial := range trials {
		one := protocol.HostFinding{Id: string(trial.Driver), Title: string(trial.Driver), State: string(host.OK), Fixes: []string{}}
		switch {
		case !trial.OK:
			one.State, one.Error = string(host.Missing), trial.Error
		case len(trial.Limits) > 0:
			one.State = string(host.Limited)
			one.Error = strings.Join(trial.Limits, "; ")
		}
		switch {
		case trial.Fix != "":
			one.Fixes = append(one.Fixes, trial.Fix)
		case !trial.OK:
			one.Fixes = l.session.ground.Fixes(host.NoChroot, host.NoMknod)
		}
		found = append(found, one)
	}
	return found
}

// choose tells what a build would take.
func (l *hostLook) choose(ctx context.Context, opened *store.Store, made *protocol.HostReport) {
	choice, err := l.tryMode(ctx, l.params.Mode)
	if err != nil {
		l.cannot(made, modeFailure(l.params.Mode, err, nil))
		return
	}
	made.Chosen.Mode, made.Chosen.Runtime = string(choice.Mode), choice.Runtime
	made.Chosen.Why = choice.Why
	if opened != nil {
		made.Chosen.Why += "; " + opened.Why
	}
}

// between stands between the ways of a remedy.
const between = "; or "

// remediesOf are those of an obstacle.
func remediesOf(err error) []string {
	var obstacle *host.Obstacle
	if errors.As(err, &obstacle) {
		return obstacle.Fixes()
	}
	return []string{}
}
