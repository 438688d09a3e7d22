package ops

import (
	"errors"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// Codes of what can go wrong with the store and with builds. Those of registries are in the registry room, those of the
// host in its own.
const (
	// NoStore says that this engine was started without one.
	NoStore = "NO_STORE"
	// StoreClosed says that an operation came before store.open.
	StoreClosed = "STORE_CLOSED"
	// StoreFull says that the disk of the store is full.
	StoreFull = "STORE_FULL"
	// StoreUnusable says that no driver works, or the store cannot be read.
	StoreUnusable = "STORE_UNUSABLE"
	// DriverMismatch says that the store was made with another driver.
	DriverMismatch = "DRIVER_MISMATCH"
	// OptionInvalid says that a value the user chose is not one of the possible ones.
	OptionInvalid = "OPTION_INVALID"
	// ModeUnavailable says that the mode asked for does not work here.
	ModeUnavailable = "MODE_UNAVAILABLE"
	// BuildFailed says that an instruction failed.
	BuildFailed = "BUILD_FAILED"
	// ConfigurationInvalid says that the configuration wanted for an image cannot be read.
	ConfigurationInvalid = "IMAGE_CONFIGURATION_INVALID"
	// ImageUnknown says that there is no such local image.
	ImageUnknown = "IMAGE_UNKNOWN"
)

const freeSpaceHint = "free some space there, or put the store elsewhere by storage.conf (graphroot)"

// asFailure gives the errors of the rooms below their codes.
func asFailure(s *store.Store, err error) error {
	if err == nil {
		return nil
	}
	if s != nil {
		if sentence, full := s.Full(err); full {
			failure := wire.Because(err, StoreFull, sentence, freeSpaceHint)
			var build *recipe.BuildError
			if errors.As(err, &build) {
				return withBuild(failure, build)
			}
			var command *recipe.CommandFailed
			if errors.As(err, &command) {
				failure.ExitCode, failure.Tail = command.Status, command.Tail
			}
			return failure
		}
	}
	var failure *wire.Failure
	var fault *registry.Fault
	var obstacle *host.Obstacle
	var build *recipe.BuildError
	var command *recipe.CommandFailed
	var bad *store.BadConfiguration
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &build) && errors.As(err, &obstacle):
		return withBuild(wire.Because(err, BuildFailed, build.Error(), obstacle.Remedy), build)
	case errors.As(err, &fault):
		return wire.Because(err, fault.Code, fault.Message, fault.Hint)
	case errors.As(err, &obstacle):
		return wire.Because(err, obstacle.Code, obstacle.Message, obstacle.Remedy)
	case errors.As(err, &build):
		return buildFailure(s, build)
	case errors.As(err, &command):
		return commandFailure(s, command)
	case errors.As(err, &bad):
		return wire.Because(err, ConfigurationInvalid, bad.Error(), "")
	case errors.Is(err, store.ErrNoImage):
		return wire.Because(err, ImageUnknown, err.Error(), "")
	}
	return err
}

// buildFailure reports a failed instruction, unless what failed is the registry of a base image or the disk.
func buildFailure(s *store.Store, build *recipe.BuildError) error {
	var fault *registry.Fault
	if build.ExitCode == 0 && errors.As(registry.Classify(build.Cause, "building", build.Dockerfile), &fault) {
		return wire.Because(build, fault.Code, fault.Message, fault.Hint)
	}
	if build.DiskFull {
		return withBuild(wire.Because(build, StoreFull, s.FullSentence(), freeSpaceHint), build)
	}
	return withBuild(wire.Because(build, BuildFailed, build.Error(), ""), build)
}

// commandFailure reports the command of a stage, which no file has a line of.
func commandFailure(s *store.Store, command *recipe.CommandFailed) error {
	failure := wire.Because(command, BuildFailed, command.Error(), "")
	if command.DiskFull {
		failure = wire.Because(command, StoreFull, s.FullSentence(), freeSpaceHint)
	}
	failure.ExitCode, failure.Tail = command.Status, command.Tail
	return failure
}

func withBuild(failure *wire.Failure, build *recipe.BuildError) *wire.Failure {
	failure.ExitCode = build.ExitCode
	failure.Instruction = build.Instruction
	failure.Line = build.Line
	failure.Tail = build.Tail
	return failure
}

// openFailure gives the errors of store.open their codes.
func openFailure(err error) error {
	var mismatch *store.MismatchError
	var unknown *store.UnknownDriverError
	switch {
	case errors.As(err, &mismatch):
		return wire.Because(err, DriverMismatch, mismatch.Error(), mismatch.Remedy())
	case errors.As(err, &unknown):
		return wire.Because(err, OptionInvalid, unknown.Error(), "")
	}
	failure := asFailure(nil, err)
	var known *wire.Failure
	if errors.As(failure, &known) {
		return known
	}
	return wire.Because(err, StoreUnusable, err.Error(), "")
}

// withoutStore is the obstacle of an engine that was started without a store.
func withoutStore() error {
	return wire.Fail(NoStore, "this engine was started without a store", "")
}
