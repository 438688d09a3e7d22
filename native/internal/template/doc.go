// Package template renders configurations: Go's text/template with sprig's functions and those of the configuration
// format. It reads no file and no variable itself; it asks its host.
package template
