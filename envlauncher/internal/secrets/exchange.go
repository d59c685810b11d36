// Sends one request over one connection of its own and reads the answer. net/http's client is left out on
// purpose: without it no redirect is followed (the token would go along), no proxy of the environment is
// asked, no connection outlives its request, and the binary is 0.6 MB smaller.

package secrets

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// A secret has 64 KiB at most, and the kernel takes no larger environment than 6 MiB.
const maxResponseBytes = 8 << 20

var (
	errTooLarge = fmt.Errorf("it is over %d MiB", maxResponseBytes>>20)
	errNotHTTP  = errors.New("it is not HTTP; check PIGGY_ADDRESS")
)

type response struct {
	status int
	header http.Header
	body   []byte
}

func (c *Client) exchange(ctx context.Context, request *http.Request) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.AnswerWithin)
	defer cancel()
	connecting, cancelConnecting := context.WithTimeout(ctx, c.config.ConnectWithin)
	defer cancelConnecting()
	connection, err := c.dialer.DialContext(connecting, "tcp", hostAndPort(request))
	if err != nil {
		return response{}, fmt.Errorf("connect: %w", err)
	}
	defer connection.Close()
	// From here on a server that says nothing ends here too.
	if deadline, hasDeadline := ctx.Deadline(); hasDeadline {
		if err := connection.SetDeadline(deadline); err != nil {
			return response{}, err
		}
	}
	if err := request.Write(connection); err != nil {
		return response{}, fmt.Errorf("send: %w", err)
	}
	source := &capped{source: connection, left: maxResponseBytes}
	answer, err := read(bufio.NewReader(source), request)
	if err != nil {
		return response{}, fmt.Errorf("read the answer: %w", source.why())
	}
	return answer, nil
}

func read(source *bufio.Reader, request *http.Request) (response, error) {
	answer, err := http.ReadResponse(source, request)
	// What a proxy may say before the answer, such as 103.
	for err == nil && answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols {
		answer, err = http.ReadResponse(source, request)
	}
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return response{status: answer.StatusCode, header: answer.Header, body: body}, err
}

func hostAndPort(request *http.Request) string {
	port := request.URL.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(request.URL.Hostname(), port)
}

// capped fails where io.LimitedReader would pretend that the connection ended, and remembers why it failed:
// the parser's own errors quote what they could not read, which may be a value.
type capped struct {
	source io.Reader
	left   int
	failed error
}

func (c *capped) Read(buffer []byte) (int, error) {
	if c.left == 0 {
		c.failed = errTooLarge
		return 0, errTooLarge
	}
	n, err := c.source.Read(buffer[:min(len(buffer), c.left)])
	c.left -= n
	if err != nil {
		c.failed = err
	}
	return n, err
}

func (c *capped) why() error {
	switch c.failed {
	case nil:
		return errNotHTTP
	case io.EOF:
		return io.ErrUnexpectedEOF
	}
	return c.failed
}
