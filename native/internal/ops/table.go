package ops

import "slipway.dev/engine/internal/wire"

// Table maps every operation of the protocol to what answers it.
func Table(s *Session) wire.Handlers {
	table := wire.Handlers{
		// one line per operation; a duplicate does not compile
	}
	for name, handle := range table {
		table[name] = s.afterHello(handle)
	}
	table["hello"] = wire.Handle(hello(s))
	return table
}
