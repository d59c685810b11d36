package resolver

import (
	"net"
	"testing"
)

func TestTheChosenNetworkIsUsed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	connection, err := Over("tcp").Dial(t.Context(), "udp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted.Close()
}

func TestWithoutAChoiceTheResolverIsGosOwn(t *testing.T) {
	if Over("") != nil {
		t.Error("it is another one")
	}
}
