// Package match decides which paths patterns take: one implementation for digests, checks and building.
package match
