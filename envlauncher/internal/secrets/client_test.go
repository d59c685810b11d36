package secrets

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/providertest"
	"piggysec.com/envlauncher/internal/retry"
)

var question = Question{UID: "u", Signature: "s", References: []string{"a"}}

const found = `{"values":{"a":"1"},"missing":[]}`

// serve starts a provider with a certificate of its own and returns how a client is to find it.
func serve(t *testing.T, handler http.HandlerFunc) Config {
	t.Helper()
	authority := providertest.NewAuthority(t)
	return serveWith(t, handler, authority, authority.Serving(t, "127.0.0.1"))
}

func serveWith(t *testing.T, handler http.HandlerFunc, authority providertest.Authority, config *tls.Config) Config {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	token := filepath.Join(t.TempDir(), "token")
	writeFile(t, token, "first\n")
	return Config{Address: server.URL, CA: authority.PEM, TokenFile: token, ConnectWithin: time.Minute, AnswerWithin: time.Minute}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, config Config) (map[string]string, error) {
	t.Helper()
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.Ask(t.Context(), question)
	return found.Values, err
}

func isTransient(err error) bool {
	var transient *retry.Transient
	return errors.As(err, &transient)
}

func TestAskSendsTheQuestionOfTheContract(t *testing.T) {
	var request *http.Request
	var body []byte
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, found)
	})
	values, err := ask(t, config)
	if err != nil || !maps.Equal(values, map[string]string{"a": "1"}) {
		t.Fatalf("got %q, %v", values, err)
	}
	got := []string{request.Method, request.URL.Path, request.Host, request.Header.Get("Authorization"), request.Header.Get("Content-Type"), request.Proto}
	expected := []string{"POST", "/v1/secret", strings.TrimPrefix(config.Address, "https://"), "Bearer first", "application/json", "HTTP/1.1"}
	if !slices.Equal(got, expected) {
		t.Errorf("got %q, expected %q", got, expected)
	}
	if string(body) != `{"uid":"u","signature":"s","references":["a"]}` || !json.Valid(body) {
		t.Errorf("body is %s", body)
	}
}

func TestAskKeepsThePathOfTheAddress(t *testing.T) {
	for _, suffix := range []string{"", "/", "/piggy", "/piggy/"} {
		t.Run("address ending in "+suffix, func(t *testing.T) {
			var path string
			config := serve(t, func(w http.ResponseWriter, r *http.Request) {
				path = r.URL.Path
				io.WriteString(w, found)
			})
			config.Address += suffix
			if _, err := ask(t, config); err != nil || path != strings.TrimSuffix(suffix, "/")+"/v1/secret" {
				t.Errorf("asked for %s, %v", path, err)
			}
		})
	}
}

func TestEachTryReadsTheTokenAgain(t *testing.T) {
	var tokens []string
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		io.WriteString(w, found)
	})
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"one", "two"} {
		writeFile(t, config.TokenFile, token)
		if _, err := client.Ask(t.Context(), question); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(tokens, []string{"Bearer one", "Bearer two"}) {
		t.Errorf("got %q", tokens)
	}
}

func TestATokenThatIsNotThereIsNamed(t *testing.T) {
	config := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without a token") })
	writeFile(t, config.TokenFile, " \n")
	if _, err := ask(t, config); err == nil || !strings.Contains(err.Error(), config.TokenFile) || isTransient(err) {
		t.Errorf("got %v", err)
	}
	os.Remove(config.TokenFile)
	if _, err := ask(t, config); !errors.Is(err, os.ErrNotExist) || isTransient(err) {
		t.Errorf("got %v", err)
	}
}

func TestAClosedWindowIsFinalWhenARestartMustBeShown(t *testing.T) {
	config := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"code":"launch_window_closed","message":"late"}`)
	})
	config.StatusLag = time.Hour
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Ask(t.Context(), question); !isTransient(err) {
		t.Errorf("at first: %v", err)
	}
	client.firstAsked = client.firstAsked.Add(-time.Hour)
	if _, err := client.Ask(t.Context(), question); err == nil || isTransient(err) {
		t.Errorf("an hour later: %v", err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	cases := map[string]struct {
		config Config
		text   string
	}{
		"an address without TLS":     {Config{Address: "http://p", CA: "x"}, `PIGGY_ADDRESS is "http://p"`},
		"an empty address":           {Config{CA: "x"}, `PIGGY_ADDRESS is ""`},
		"an address without a host":  {Config{Address: "https:///v1"}, `PIGGY_ADDRESS`},
		"a port alone":               {Config{Address: "https://:8443"}, `PIGGY_ADDRESS`},
		"an address that is garbage": {Config{Address: "https://[::1"}, `PIGGY_ADDRESS`},
		"a port that is garbage":     {Config{Address: "https://p:x"}, `PIGGY_ADDRESS`},
		"credentials in an address":  {Config{Address: "https://u:p@h"}, `PIGGY_ADDRESS`},
		"a query in an address":      {Config{Address: "https://h?x=1"}, `PIGGY_ADDRESS`},
		"an empty CA":                {Config{Address: "https://p"}, "PIGGY_CA is empty"},
		"a CA of spaces":             {Config{Address: "https://p", CA: " \n"}, "PIGGY_CA is empty"},
		"a CA that is no PEM":        {Config{Address: "https://p", CA: "MIIB"}, "PIGGY_CA holds no certificate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := NewClient(c.config); err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerThatSaysNothingEndsInATransientError(t *testing.T) {
	t.Run("not even in the handshake", func(t *testing.T) {
		config := serve(t, nil)
		config.Address = "https://" + listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
		config.ConnectWithin = 50 * time.Millisecond
		if _, err := ask(t, config); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after the request", func(t *testing.T) {
		config := serve(t, sayNothing)
		config.AnswerWithin = 500 * time.Millisecond
		if _, err := ask(t, config); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("in the middle of the answer", func(t *testing.T) {
		config := serve(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"values":{"a":"`+canary)
			w.(http.Flusher).Flush()
			sayNothing(w, r)
		})
		config.AnswerWithin = 500 * time.Millisecond
		if _, err := ask(t, config); !isTransient(err) || strings.Contains(err.Error(), canary) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("while the caller has no time left", func(t *testing.T) {
		config := serve(t, sayNothing)
		client, err := NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := client.Ask(ctx, question); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
}

// sayNothing reads the whole request, without which a server does not notice that the client has left.
func sayNothing(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// listen accepts connections on a port of its own and returns its address.
func listen(t *testing.T, behave func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				behave(connection)
			}()
		}
	}()
	return listener.Addr().String()
}

// hijack answers with these bytes, whatever they are, and ends the connection.
func hijack(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, _ := w.(http.Hijacker).Hijack()
		defer connection.Close()
		io.WriteString(connection, text)
	}
}

func TestWhatIsNotAWholeAnswer(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	cases := map[string]struct {
		text        string
		isTransient bool
		failure     string
	}{
		"nothing":                            {"", true, "unexpected EOF"},
		"the beginning of a status":          {"HTTP/1.1 20", true, "unexpected EOF"},
		"another protocol":                   {"SSH-2.0-" + canary + "\r\nx\r\n\r\n", false, "not HTTP"},
		"a header that is none":              {ok + canary + "\r\n\r\n", false, "not HTTP"},
		"a status that is none":              {"HTTP/1.1 " + canary + "\r\n\r\n", false, "not HTTP"},
		"a body that is cut off":             {ok + "Content-Length: 100\r\n\r\n{" + canary, true, "unexpected EOF"},
		"a chunk that is none":               {ok + "Transfer-Encoding: chunked\r\n\r\n" + canary + "\r\n\r\n", false, "not HTTP"},
		"a length that is none":              {ok + "Content-Length: " + canary + "\r\n\r\n", false, "not HTTP"},
		"an empty body":                      {ok + "Content-Length: 0\r\n\r\n", false, "not the answer of a piggy provider"},
		"a switch of protocols":              {"HTTP/1.1 101 Switching\r\n\r\n", false, "101"},
		"early hints before a whole answer":  {"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok + "Content-Length: 33\r\n\r\n" + found, false, ""},
		"an answer that ends with the line ": {ok + "\r\n" + found, false, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			values, err := ask(t, serve(t, hijack(c.text)))
			if c.failure == "" {
				if err != nil || values["a"] != "1" {
					t.Errorf("got %q, %v", values, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.failure) || isTransient(err) != c.isTransient || strings.Contains(err.Error(), canary) {
				t.Errorf("transient %t: %v", isTransient(err), err)
			}
		})
	}
}

func TestAnAnswerWithoutEndIsNotRead(t *testing.T) {
	endless := func(w io.Writer, text string) {
		for chunk := strings.Repeat(text, 1000); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	servers := map[string]http.HandlerFunc{
		"in the body": func(w http.ResponseWriter, _ *http.Request) { endless(w, "x") },
		"in a header": func(w http.ResponseWriter, _ *http.Request) {
			connection, buffer, _ := w.(http.Hijacker).Hijack()
			defer connection.Close()
			writeAll(buffer, "HTTP/1.1 200 OK\r\nX: ")
			endless(connection, "x")
		},
		"in interim answers": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := w.(http.Hijacker).Hijack()
			defer connection.Close()
			endless(connection, "HTTP/1.1 103 Early\r\n\r\n")
		},
	}
	for name, handler := range servers {
		t.Run(name, func(t *testing.T) {
			if _, err := ask(t, serve(t, handler)); !errors.Is(err, errTooLarge) || isTransient(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func writeAll(buffer *bufio.ReadWriter, text string) {
	buffer.WriteString(text)
	buffer.Flush()
}

func TestARedirectTakesNothingAlong(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed with %s", r.Header.Get("Authorization"))
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			config := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.Address, status) })
			if _, err := ask(t, config); err == nil || isTransient(err) || !strings.Contains(err.Error(), "redirect") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerThatIsNotTheProviderIsNotAsked(t *testing.T) {
	mustNotAsk := func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }
	t.Run("a certificate of another CA", func(t *testing.T) {
		config := serve(t, mustNotAsk)
		config.CA = providertest.NewAuthority(t).PEM
		_, err := ask(t, config)
		if err == nil || isTransient(err) || !strings.Contains(err.Error(), "PIGGY_CA") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a certificate of another name", func(t *testing.T) {
		config := serve(t, mustNotAsk)
		config.Address = strings.Replace(config.Address, "127.0.0.1", "localhost", 1)
		_, err := ask(t, config)
		if err == nil || isTransient(err) || !strings.Contains(err.Error(), "match localhost") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no TLS", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(mustNotAsk))
		t.Cleanup(server.Close)
		config := serve(t, mustNotAsk)
		config.Address = strings.Replace(server.URL, "http:", "https:", 1)
		if _, err := ask(t, config); err == nil || isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		authority := providertest.NewAuthority(t)
		old := authority.Serving(t, "127.0.0.1")
		old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		if _, err := ask(t, serveWith(t, mustNotAsk, authority, old)); err == nil || !strings.Contains(err.Error(), "protocol version") {
			t.Errorf("got %v", err)
		}
	})
}

func TestVerificationCanBeSwitchedOff(t *testing.T) {
	config := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, found) })
	config.CA, config.SkipVerifyTLS = "", true
	if values, err := ask(t, config); err != nil || values["a"] != "1" {
		t.Errorf("got %q, %v", values, err)
	}
}

func TestWhatThePlatformMayCureIsTransient(t *testing.T) {
	config := serve(t, nil)
	t.Run("a port where nobody listens", func(t *testing.T) {
		closed := config
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		closed.Address = "https://" + listener.Addr().String()
		listener.Close()
		if _, err := ask(t, closed); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a name that does not resolve", func(t *testing.T) {
		unknown := config
		unknown.Address = "https://piggy.invalid"
		unknown.ConnectWithin = 500 * time.Millisecond
		if _, err := ask(t, unknown); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a connection that ends in the handshake", func(t *testing.T) {
		broken := config
		broken.Address = "https://" + listen(t, func(c net.Conn) { c.Read(make([]byte, 1)) })
		if _, err := ask(t, broken); !isTransient(err) {
			t.Errorf("got %v", err)
		}
	})
}
