// Package store opens container storage: the namespace it needs, the driver by trial, leftovers swept, and closes it.
package store
