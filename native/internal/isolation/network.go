package isolation

import (
	"errors"
	"fmt"

	"go.podman.io/buildah/define"
	nettypes "go.podman.io/common/libnetwork/types"
)

// Network is what run steps see of the network.
type Network string

// The networks a build may ask for. `default` is the host's, as the helpers that would give a step its own often fail.
const (
	HostNetwork Network = "host"
	NoNetwork   Network = "none"
)

// ParseNetwork reads `default`, `host`, `none` or nothing.
func ParseNetwork(text string) (Network, error) {
	switch text {
	case "", "default", "host":
		return HostNetwork, nil
	case "none":
		return NoNetwork, nil
	}
	return "", fmt.Errorf("network %q is not known: use default, host or none", text)
}

// Namespaces are Buildah's options for it. Steps share the network namespace of the process that supervises them, which
// has none of its own unless they are to have no network.
func (n Network) Namespaces() define.NamespaceOptions {
	return define.NamespaceOptions{{Name: "network", Host: true}}
}

// Idle is a network implementation that does nothing: Buildah wants one even where steps share a network, and its own
// insists on a program that may not be installed.
type Idle struct{}

var errNoNetworks = errors.New("networks are not managed here")

// NetworkCreate is refused.
func (Idle) NetworkCreate(nettypes.Network, *nettypes.NetworkCreateOptions) (nettypes.Network, error) {
	return nettypes.Network{}, errNoNetworks
}

// NetworkUpdate is refused.
func (Idle) NetworkUpdate(string, nettypes.NetworkUpdateOptions) error { return errNoNetworks }

// NetworkRemove is refused.
func (Idle) NetworkRemove(string) error { return errNoNetworks }

// NetworkList knows no network.
func (Idle) NetworkList(...nettypes.FilterFunc) ([]nettypes.Network, error) { return nil, nil }

// NetworkInspect knows no network.
func (Idle) NetworkInspect(string) (nettypes.Network, error) {
	return nettypes.Network{}, errNoNetworks
}

// Setup has nothing to set up.
func (Idle) Setup(string, nettypes.SetupOptions) (map[string]nettypes.StatusBlock, error) {
	return map[string]nettypes.StatusBlock{}, nil
}

// Teardown has nothing to take down.
func (Idle) Teardown(string, nettypes.TeardownOptions) error { return nil }

// RunInRootlessNetns runs where it is.
func (Idle) RunInRootlessNetns(run func() error) error { return run() }

// RootlessNetnsInfo knows nothing.
func (Idle) RootlessNetnsInfo() (*nettypes.RootlessNetnsInfo, error) { return nil, errNoNetworks }

// Drivers has none.
func (Idle) Drivers() []string { return nil }

// DefaultNetworkName is never used.
func (Idle) DefaultNetworkName() string { return "none" }

// NetworkInfo says nothing.
func (Idle) NetworkInfo() nettypes.NetworkInfo { return nettypes.NetworkInfo{} }
