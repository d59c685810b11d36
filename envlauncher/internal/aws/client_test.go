package aws

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/reference"
	"piggysec.com/envlauncher/internal/retry"
	"piggysec.com/envlauncher/internal/secretstore"
)

const canary = "canary-9b2c"

var (
	secret     = secretstore.Source{SecretID: "shop/api", VersionStage: secretstore.Current, Region: "eu-west-1"}
	parameters = secretstore.Source{ParameterPath: "/shop", Region: "eu-west-1"}
	api        = secretstore.Reader{ServiceAccount: "shop:api"}
)

// standIn answers in AWS's place, and keeps what it was asked.
type standIn struct {
	url   string
	mutex sync.Mutex
	asked []map[string]any
}

func serve(t *testing.T, answer http.HandlerFunc) *standIn {
	t.Helper()
	s := &standIn{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		input := map[string]any{"target": r.Header.Get("X-Amz-Target"), "authorization": r.Header.Get("Authorization")}
		body, _ := io.ReadAll(r.Body)
		json.Unmarshal(body, &input)
		input["body"] = string(body)
		s.mutex.Lock()
		s.asked = append(s.asked, input)
		s.mutex.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func secretString(text string) string {
	body, _ := json.Marshal(map[string]string{"Name": "shop/api", "SecretString": text})
	return string(body)
}

// environment has keys of its own, and AWS at url.
func environment(url string, more ...string) map[string]string {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_ENDPOINT_URL": url}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func newClient(env map[string]string, source secretstore.Source) (*Client, error) {
	return NewClient(Config{
		Env:           func(name string) string { return env[name] },
		ConnectWithin: time.Minute, AnswerWithin: time.Minute,
	}, source)
}

func wanted(keys ...string) []secretstore.Wanted {
	var wanted []secretstore.Wanted
	for _, key := range keys {
		wanted = append(wanted, secretstore.Wanted{Reference: key, Key: reference.PlainKey(key)})
	}
	return wanted
}

func read(t *testing.T, env map[string]string, source secretstore.Source, keys ...string) (map[string]string, error) {
	t.Helper()
	client, err := newClient(env, source)
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.Read(t.Context(), wanted(keys...), api)
	return found.Values, err
}

// expectFailure checks an error: what it says, whether another try may help, and that it holds nothing of an answer.
func expectFailure(t *testing.T, err error, isTransient bool, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	var transient *retry.Transient
	if errors.As(err, &transient) != isTransient {
		t.Errorf("transient is %v, expected %v: %v", !isTransient, isTransient, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in %q", text, err)
		}
	}
	if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error holds what it must not: %q", err)
	}
}

func TestASecretIsAskedForWithItsVersion(t *testing.T) {
	cases := map[string]struct {
		source   secretstore.Source
		expected []map[string]any
	}{
		"the current one": {secret, []map[string]any{{"SecretId": "shop/api", "VersionStage": "AWSCURRENT"}}},
		"a stage, and the current one for its allow-list": {
			secretstore.Source{SecretID: "s", VersionStage: "AWSPREVIOUS", Region: "eu-west-1"},
			[]map[string]any{{"SecretId": "s", "VersionStage": "AWSPREVIOUS"}, {"SecretId": "s", "VersionStage": "AWSCURRENT"}},
		},
		"an id, and the current one for its allow-list": {
			secretstore.Source{SecretID: "s", VersionID: "01234567-89ab-cdef-0123-456789abcdef", Region: "eu-west-1"},
			[]map[string]any{{"SecretId": "s", "VersionId": "01234567-89ab-cdef-0123-456789abcdef"}, {"SecretId": "s", "VersionStage": "AWSCURRENT"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer(200, secretString(`{"a":"1"}`)))
			values, err := read(t, environment(s.url), c.source, "a", "b")
			if err != nil || !maps.Equal(values, map[string]string{"a": "1"}) {
				t.Fatalf("got %q, %v", values, err)
			}
			if len(s.asked) != len(c.expected) {
				t.Fatalf("asked %v", s.asked)
			}
			for i, expected := range c.expected {
				var got map[string]any
				json.Unmarshal([]byte(s.asked[i]["body"].(string)), &got)
				if !maps.Equal(got, expected) || s.asked[i]["target"] != "secretsmanager.GetSecretValue" {
					t.Errorf("asked %v, expected %v", s.asked[i], expected)
				}
				if signed := s.asked[i]["authorization"].(string); !strings.Contains(signed, "Credential=id/") || !strings.Contains(signed, "/eu-west-1/secretsmanager/") {
					t.Errorf("signed %q", signed)
				}
			}
		})
	}
}

func TestWhatMayBeAnIDIsAskedForAsOneAndThenAsALabel(t *testing.T) {
	const odd = "terraform-20240131235959012300000001"
	byID, byStage, current := `"VersionId":"`+odd, `"VersionStage":"`+odd, `"VersionStage":"AWSCURRENT`
	cases := map[string]struct {
		refusedID string // the name of AWS's error for the id
		asked     []string
		failure   string
	}{
		"an id":                   {"", []string{byID, current}, ""},
		"a label":                 {"ResourceNotFoundException", []string{byID, byStage, current}, ""},
		"an id that is denied":    {"AccessDeniedException", []string{byID}, "AccessDeniedException"},
		"an id of a deleted one":  {"InvalidRequestException", []string{byID}, "marked for deletion"},
		"an id while AWS is busy": {"ThrottlingException", []string{byID}, "ThrottlingException"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if c.refusedID != "" && strings.Contains(string(body), "VersionId") {
					answer(400, `{"__type":"`+c.refusedID+`"}`)(w, r)
					return
				}
				answer(200, secretString(`{"a":"1"}`))(w, r)
			})
			values, err := read(t, environment(s.url), secretstore.Source{SecretID: "s", VersionID: odd, Region: "eu-west-1"}, "a")
			if c.failure != "" {
				expectFailure(t, err, c.refusedID == "ThrottlingException", c.failure)
			} else if err != nil || values["a"] != "1" {
				t.Errorf("got %q, %v", values, err)
			}
			if len(s.asked) != len(c.asked) {
				t.Fatalf("asked %v", s.asked)
			}
			for i, expected := range c.asked {
				if body := s.asked[i]["body"].(string); !strings.Contains(body, expected) {
					t.Errorf("asked %s, expected %s", body, expected)
				}
			}
		})
	}
}

func TestBothVersionsMustAllowTheServiceAccount(t *testing.T) {
	previous := secretstore.Source{SecretID: "s", VersionStage: "AWSPREVIOUS", Region: "eu-west-1"}
	lists := map[string]struct {
		old, current string
		isAllowed    bool
	}{
		"both name it":              {`,"PIGGY_ALLOWED_SA":"shop:api"`, `,"PIGGY_ALLOWED_SA":"shop:api"`, true},
		"only the old one names it": {`,"PIGGY_ALLOWED_SA":"shop:api"`, `,"PIGGY_ALLOWED_SA":"shop:web"`, false},
		"only the current one does": {`,"PIGGY_ALLOWED_SA":"shop:web"`, `,"PIGGY_ALLOWED_SA":"shop:api"`, false},
		"neither has a list":        {"", "", true},
	}
	for name, c := range lists {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				list := c.old
				if strings.Contains(string(body), "AWSCURRENT") {
					list = c.current
				}
				answer(200, secretString(`{"a":"`+canary+`"`+list+`}`))(w, r)
			})
			values, err := read(t, environment(s.url), previous, "a")
			if c.isAllowed != (err == nil) || err == nil && values["a"] != canary {
				t.Errorf("got %q, %v", values, err)
			}
			if err != nil {
				expectFailure(t, err, false, "service_account_not_allowed: secret s does not allow", "shop:api")
			}
		})
	}
}

func TestParametersOfSeveralPages(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "NextToken") {
			answer(200, `{"Parameters":[{"Name":"/shop/A","Value":"1"},{"Name":"/shopping/B","Value":"`+canary+`"}],"NextToken":"n"}`)(w, r)
			return
		}
		answer(200, `{"Parameters":[{"Name":"/shop/deep/C","Value":"3"}]}`)(w, r)
	})
	values, err := read(t, environment(s.url), parameters, "A", "B", "C")
	if err != nil || !maps.Equal(values, map[string]string{"A": "1", "C": "3"}) {
		t.Errorf("got %q, %v", values, err)
	}
	for _, part := range []string{`"Path":"/shop"`, `"Recursive":true`, `"WithDecryption":true`} {
		if !strings.Contains(s.asked[0]["body"].(string), part) {
			t.Errorf("%s is not in %s", part, s.asked[0]["body"])
		}
	}
}

func TestAPathWithoutParametersOrWithTooMany(t *testing.T) {
	none := serve(t, answer(200, `{"Parameters":[{"Name":"/other/A","Value":"1"}]}`))
	_, err := read(t, environment(none.url), parameters, "A")
	expectFailure(t, err, false, "ssm:GetParametersByPath of parameter path /shop in eu-west-1: there is no parameter")

	pages := 0
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		pages++
		answer(200, fmt.Sprintf(`{"Parameters":[%s{"Name":"/shop/A","Value":"1"}],"NextToken":"%d"}`, strings.Repeat(`{"Name":"/shop/A","Value":"1"},`, 99), pages))(w, r)
	})
	_, err = read(t, environment(endless.url), parameters, "A")
	expectFailure(t, err, false, "more than 1000 parameters are under /shop")
	if pages != 11 {
		t.Errorf("%d pages of 100 were read", pages)
	}
}

func TestWhatAWSRefuses(t *testing.T) {
	cases := map[string]struct {
		source      secretstore.Source
		status      int
		code        string
		isTransient bool
		text        string
	}{
		"a secret that is not there":     {secret, 400, "ResourceNotFoundException", false, "secretsmanager:GetSecretValue of secret shop/api in eu-west-1: ResourceNotFoundException, HTTP status 400; it does not exist"},
		"one that moto does not find":    {secret, 404, "ResourceNotFoundException", false, "it does not exist, or not in this version"},
		"a secret marked for deletion":   {secret, 400, "InvalidRequestException", false, "marked for deletion"},
		"an access that is denied":       {secret, 400, "AccessDeniedException", false, "AccessDeniedException, HTTP status 400; allow it to the Pod's role, and kms:Decrypt"},
		"a key that is denied":           {secret, 400, "DecryptionFailure", false, "kms:Decrypt"},
		"parameters that are denied":     {parameters, 400, "AccessDeniedException", false, "ssm:GetParametersByPath of parameter path /shop in eu-west-1: AccessDeniedException"},
		"a name that is none":            {parameters, 400, "ValidationException", false, "correct the annotation"},
		"credentials that are none":      {secret, 400, "UnrecognizedClientException", false, "UnrecognizedClientException, HTTP status 400; check the Pod's role"},
		"throttling":                     {secret, 400, "ThrottlingException", true, "ThrottlingException"},
		"too many requests":              {parameters, 429, "TooManyUpdates", true, "429"},
		"a fault of AWS":                 {secret, 500, "InternalServiceError", true, "InternalServiceError, HTTP status 500"},
		"a fault of something between":   {secret, 503, "", true, "HTTP status 503"},
		"a refusal by something between": {secret, 403, "", false, "HTTP status 403"},
		"a redirect":                     {secret, 307, "", false, "HTTP status 307"},
		"a name that is a value":         {secret, 400, canary, false, "HTTP status 400"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer(c.status, fmt.Sprintf(`{"__type":%q,"message":"%s"}`, c.code, canary), "Location: http://127.0.0.1:1/", "Retry-After: 7"))
			_, err := read(t, environment(s.url), c.source, "a")
			expectFailure(t, err, c.isTransient, c.text)
			var transient *retry.Transient
			if errors.As(err, &transient) && transient.After != 7*time.Second {
				t.Errorf("to wait %s", transient.After)
			}
			if len(s.asked) != 1 {
				t.Errorf("asked %d times", len(s.asked))
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			connection, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(connection, text)
			connection.Close()
		}
	}
	cases := map[string]struct {
		answer      http.HandlerFunc
		isTransient bool
		text        string
	}{
		"garbage":                      {answer(200, canary), false, "what answers is not AWS"},
		"JSON of another kind":         {answer(200, `["`+canary+`"]`), false, "what answers is not AWS"},
		"a secret that is a number":    {answer(200, `{"SecretString":17}`), false, "what answers is not AWS"},
		"bytes that are not base64":    {answer(200, `{"SecretBinary":"`+canary+`*"}`), false, "what answers is not AWS"},
		"an object that is cut off":    {answer(200, `{"SecretString":"`+canary), false, "what answers is not AWS"},
		"a secret without a value":     {answer(200, `{"Name":"shop/api"}`), false, "it has no value"},
		"another protocol":             {raw(canary + "\r\n\r\n"), false, "what answers is not AWS"},
		"headers that are none":        {raw("HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n"), false, "what answers is not AWS"},
		"a connection that ends":       {raw(""), true, "the connection ended"},
		"a body that ends early":       {raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"SecretString\":\"" + canary), true, "the connection ended"},
		"a body that never ends":       {answer(200, `{"SecretString":"`+strings.Repeat(canary, 1<<20)), false, "over 8 MiB"},
		"an object that is too deep":   {answer(200, secretString(`{"`+canary+`":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`)), false, "nested too deeply"},
		"an error of another kind":     {answer(400, `<html>`+canary), false, "HTTP status 400"},
		"a server error of no kind":    {answer(502, canary), true, "HTTP status 502"},
		"a compressed body that is no": {answer(200, canary, "Content-Encoding: gzip"), false, "what answers is not AWS"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.answer)
			expectFailure(t, readUndisturbed(t, s), c.isTransient, c.text)
		})
	}
}

// readUndisturbed asks again where the connection was closed on our side of it, in the middle of the answer: seen on a busy
// machine, with net/http as it is. Launchers do the same, as the failure is transient.
func readUndisturbed(t *testing.T, s *standIn) error {
	t.Helper()
	for {
		_, err := read(t, environment(s.url), secret, "a")
		if err == nil || !strings.Contains(err.Error(), net.ErrClosed.Error()) {
			return err
		}
		var transient *retry.Transient
		if !errors.As(err, &transient) {
			t.Fatalf("a connection that was closed is not transient: %v", err)
		}
	}
}

func TestAServerThatIsNotThereOrSaysNothingIsTransient(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	client, err := NewClient(Config{
		Env:           func(name string) string { return environment(address)[name] },
		ConnectWithin: time.Minute, AnswerWithin: 100 * time.Millisecond,
	}, secret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Read(t.Context(), nil, api)
	expectFailure(t, err, true, "no answer in time")
	listener.Close()
	_, err = read(t, environment(address), secret)
	expectFailure(t, err, true, "connection refused")
	_, err = read(t, environment("http://nowhere.invalid"), secret)
	expectFailure(t, err, true, "lookup nowhere.invalid")
}

func TestTheEndpointOfAServiceBeatsThatOfAll(t *testing.T) {
	s := serve(t, answer(200, secretString(`{"a":"1"}`)))
	elsewhere := "http://127.0.0.1:1"
	if _, err := read(t, environment(elsewhere, "AWS_ENDPOINT_URL_SECRETS_MANAGER", s.url), secret, "a"); err != nil {
		t.Error(err)
	}
	p := serve(t, answer(200, `{"Parameters":[{"Name":"/shop/a","Value":"1"}]}`))
	if _, err := read(t, environment(elsewhere, "AWS_ENDPOINT_URL_SSM", p.url), parameters, "a"); err != nil {
		t.Error(err)
	}
	client, err := newClient(environment(s.url, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), secret)
	if err != nil || client.endpoint("SSM") != nil {
		t.Errorf("got %v, %v", client.endpoint("SSM"), err)
	}
}
