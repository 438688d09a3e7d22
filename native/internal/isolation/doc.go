// Package isolation decides how run steps are isolated, by trial, and keeps their processes on a leash.
package isolation
