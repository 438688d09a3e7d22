// Package ops answers the operations of the protocol: each decodes, calls one room, replies.
package ops
