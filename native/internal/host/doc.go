// Package host says what this kernel and environment allow, each answer with its evidence.
package host
