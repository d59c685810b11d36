// Package resolver resolves names over the network that the operator chose.
package resolver

import (
	"context"
	"net"
)

// Over returns a resolver that asks over a network such as "tcp"; nil, Go's own choice, where it is empty.
func Over(network string) *net.Resolver {
	if network == "" {
		return nil
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}
