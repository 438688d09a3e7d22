package dockerfile

import "slices"

// ProxyVariables are build arguments that need no ARG, and that commands see without their being part of the image.
// They are also taken from the environment of the engine.
func ProxyVariables() []string {
	return []string{"ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY",
		"all_proxy", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy"}
}

// proxies are the variables of proxies that no ARG has declared.
func (p *planner) proxies(declared map[string]string) map[string]string {
	found := map[string]string{}
	for name, value := range p.request.Proxies {
		if value != "" {
			found[name] = value
		}
	}
	for name, value := range p.args.given {
		if slices.Contains(ProxyVariables(), name) {
			found[name] = value
		}
	}
	for name := range declared {
		delete(found, name)
	}
	return found
}
