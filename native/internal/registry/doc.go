// Package registry reaches registries: where they are, with which credentials and certificates, and what their answers mean.
package registry
