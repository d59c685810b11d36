// The provider that the real binary asks in the tests of this folder.

package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/providertest"
)

// provider answers with its answers in turn; the last one repeats.
type provider struct {
	address   string
	authority providertest.Authority
	mutex     sync.Mutex
	requests  []request
}

type request struct {
	At         time.Time
	Token      string
	UID        string
	Signature  string
	References references
}

// references are keys, and what stands in objects behind "→".
type references []string

func (r *references) UnmarshalJSON(text []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	for _, item := range items {
		var key string
		if json.Unmarshal(item, &key) != nil {
			var named struct{ Reference string }
			if err := json.Unmarshal(item, &named); err != nil {
				return err
			}
			key = "→" + named.Reference
		}
		*r = append(*r, key)
	}
	return nil
}

func startProvider(t *testing.T, answers ...http.HandlerFunc) *provider {
	t.Helper()
	return startProviderWith(t, func(authority providertest.Authority) *tls.Config {
		return authority.Serving(t, "127.0.0.1", "provider.test")
	}, answers...)
}

func startProviderWith(t *testing.T, serving func(providertest.Authority) *tls.Config, answers ...http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{authority: providertest.NewAuthority(t)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := request{At: time.Now(), Token: r.Header.Get("Authorization")}
		if err := json.NewDecoder(r.Body).Decode(&next); err != nil || r.Method+r.URL.Path != "POST/v1/secret" {
			t.Errorf("unexpected %s %s, %v", r.Method, r.URL, err)
		}
		p.mutex.Lock()
		p.requests = append(p.requests, next)
		answer := answers[min(len(p.requests), len(answers))-1]
		p.mutex.Unlock()
		answer(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	server.TLS = serving(p.authority)
	server.StartTLS()
	t.Cleanup(server.Close)
	p.address = server.URL
	return p
}

func (p *provider) asked() []request {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.requests)
}

// settings are the variables that admission adds, as for a Pod without annotations.
func (p *provider) settings(more ...string) []string {
	return append(more, "PIGGY_UID=uid-1", "PIGGY_ADDRESS="+p.address, "PIGGY_CA="+p.authority.PEM,
		"PIGGY_TOKEN_FILE="+tokenFile, "PIGGY_AWS_SECRET_NAME=shop/api", "PIGGY_AWS_SECRET_VERSION=", "PIGGY_AWS_REGION=eu-central-1",
		"PIGGY_AWS_SSM_PARAMETER_PATH=", "PIGGY_STANDALONE=", "PIGGY_DEBUG=", "PIGGY_IGNORE_NO_ENV=", "PIGGY_INITIAL_DELAY=",
		"PIGGY_NUMBER_OF_RETRY=", "PIGGY_DNS_RESOLVER=", "PIGGY_ENFORCE_INTEGRITY=true", "PIGGY_ENFORCE_SERVICE_ACCOUNT=",
		"PIGGY_SKIP_VERIFY_TLS=")
}

func values(t *testing.T, keysAndValues ...string) http.HandlerFunc {
	t.Helper()
	found := map[string]string{}
	for i := 0; i < len(keysAndValues); i += 2 {
		found[keysAndValues[i]] = keysAndValues[i+1]
	}
	text, err := json.Marshal(map[string]any{"values": found, "missing": []string{"missing"}})
	if err != nil {
		t.Fatal(err)
	}
	return answer(200, string(text))
}

// answer writes status, body and headers ("Name: value").
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}
