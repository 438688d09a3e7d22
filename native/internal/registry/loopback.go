package registry

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.podman.io/image/v5/docker/reference"
)

// hostsOf lists the registries of the references, each once, sorted.
func hostsOf(references []string) []string {
	var hosts []string
	for _, text := range references {
		if named, err := reference.ParseNormalizedNamed(text); err == nil {
			hosts = append(hosts, reference.Domain(named))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// isLoopback says whether a registry `host[:port]` is on this machine. Plain HTTP needs no permission there.
func isLoopback(registry string) bool {
	host := registry
	if alone, _, err := net.SplitHostPort(registry); err == nil {
		host = alone
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
