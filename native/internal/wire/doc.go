// Package wire speaks JSON-RPC 2.0 with the framing editors use. It decodes, replies, cancels and reports progress
// for any table of operations, and knows none of them by name.
package wire
