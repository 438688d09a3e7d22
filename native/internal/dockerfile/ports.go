package dockerfile

import (
	"fmt"
	"strconv"
	"strings"
)

// parsePorts reads `[[address:]port:]port[-port][/protocol]`. What stands before the container's port means nothing to an
// image.
func parsePorts(text string) ([]string, error) {
	mapped, protocol, _ := strings.Cut(text, "/")
	protocol = strings.ToLower(protocol)
	if protocol == "" {
		protocol = "tcp"
	}
	if protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return nil, fmt.Errorf("port %q: the protocol is tcp, udp or sctp", text)
	}
	container := mapped[strings.LastIndex(mapped, ":")+1:]
	first, last, isRange := strings.Cut(container, "-")
	low, err := portNumber(first)
	high := low
	if err == nil && isRange {
		high, err = portNumber(last)
	}
	if err != nil || high < low {
		return nil, fmt.Errorf("port %q is not a number up to 65535, nor a range of them", text)
	}
	var ports []string
	for port := low; port <= high; port++ {
		ports = append(ports, strconv.Itoa(port)+"/"+protocol)
	}
	return ports, nil
}

func portNumber(text string) (int, error) {
	number, err := strconv.ParseUint(text, 10, 16)
	return int(number), err
}
