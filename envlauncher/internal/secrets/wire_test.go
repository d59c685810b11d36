package secrets

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"piggysec.com/envlauncher/internal/retry"
)

const canary = "canary-7f3a"

func TestParseAnswer(t *testing.T) {
	cases := map[string]struct {
		body     string
		keys     []string
		expected map[string]string
	}{
		"a value for each key":                 {`{"values":{"a":"1","b":""},"missing":[]}`, []string{"a", "b"}, map[string]string{"a": "1", "b": ""}},
		"a missing key has none":               {`{"values":{"a":"1"},"missing":["b"]}`, []string{"a", "b"}, map[string]string{"a": "1"}},
		"every key may be missing":             {`{"values":{},"missing":["a"]}`, []string{"a"}, map[string]string{}},
		"nothing missing may be left out":      {`{"values":{"a":"1"}}`, []string{"a"}, map[string]string{"a": "1"}},
		"a field that is not known is ignored": {`{"values":{"a":"1"},"missing":null,"ttl":{"x":1}}`, []string{"a"}, map[string]string{"a": "1"}},
		"a value nobody asked for is dropped":  {`{"values":{"a":"1","PATH":"/evil"},"missing":[]}`, []string{"a"}, map[string]string{"a": "1"}},
		"escapes are read":                     {`{"values":{"a\u002eb":"\n\u00fc\ud83d\udc37<\/>"}}`, []string{"a.b"}, map[string]string{"a.b": "\nü🐷</>"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseAnswer([]byte(c.body), c.keys)
			if err != nil || !maps.Equal(got.Values, c.expected) || got.Hint != "" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestParseAnswerReadsTheHint(t *testing.T) {
	cases := map[string]struct{ hint, expected string }{
		"a sentence":                   {`"it is empty: store a JSON object"`, "it is empty: store a JSON object"},
		"what would break the line":    {`"a\nb\u001b[31m"`, "a b [31m"},
		"a hint without end":           {`"` + strings.Repeat("x", 2000) + `"`, strings.Repeat("x", 1000)},
		"none":                         {`null`, ""},
		"what a later provider may do": {`{"text":"x"}`, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseAnswer([]byte(`{"values":{},"missing":["a"],"hint":`+c.hint+`}`), []string{"a"})
			if err != nil || got.Hint != c.expected {
				t.Errorf("got %q, %v", got.Hint, err)
			}
		})
	}
}

func TestParseAnswerRefuses(t *testing.T) {
	refused := map[string]string{
		"nothing":                          ``,
		"what is not JSON":                 `<html>` + canary,
		"JSON that is cut off":             `{"values":{"a":"` + canary,
		"JSON with more after it":          `{"values":{"a":"` + canary + `"}} x`,
		"an array":                         `["` + canary + `"]`,
		"null":                             `null`,
		"an empty object":                  `{}`,
		"values that are null":             `{"values":null,"missing":["a"]}`,
		"values that are a list":           `{"values":["` + canary + `"],"missing":["a"]}`,
		"a number for a value":             `{"values":{"a":5}}`,
		"a null for a value":               `{"values":{"a":null}}`,
		"an object for a value":            `{"values":{"a":{"b":"` + canary + `"}}}`,
		"a key that is not accounted for":  `{"values":{"b":"` + canary + `"},"missing":["c"]}`,
		"missing that is an object":        `{"values":{"a":"` + canary + `"},"missing":{}}`,
		"an error in the place of answers": `{"code":"denied","message":"` + canary + `"}`,
	}
	for name, body := range refused {
		t.Run(name, func(t *testing.T) {
			got, err := parseAnswer([]byte(body), []string{"a"})
			if !errors.Is(err, errNotAnAnswer) || got.Values != nil {
				t.Fatalf("got %q, %v", got, err)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("a value is in the error: %v", err)
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	const page = "<html>" + canary
	cases := map[string]struct {
		status      int
		body        string
		text        string
		isTransient bool
	}{
		"a denial":                       {403, `{"code":"access_denied","message":"no rule"}`, "403 access_denied: no rule", false},
		"a Pod that is not running yet":  {409, `{"code":"container_not_running","message":"wait"}`, "409 container_not_running: wait", true},
		"a restart not shown yet":        {403, `{"code":"launch_window_closed","message":"late"}`, "403 launch_window_closed: late", true},
		"another conflict":               {409, `{"code":"ambiguous_parameter","message":"two"}`, "409 ambiguous_parameter: two", false},
		"values that stay too large":     {422, `{"code":"values_too_large","message":"less"}`, "422 values_too_large: less", false},
		"too many requests":              {429, `{"code":"rate_limited","message":"later"}`, "429 rate_limited: later", true},
		"a provider without AWS":         {502, `{"code":"aws_unavailable","message":"down"}`, "502 aws_unavailable: down", true},
		"a proxy's page is not repeated": {503, page, "503 Service Unavailable", true},
		"nor that of a bad request":      {400, page, "400 Bad Request", false},
		"a code alone":                   {401, `{"code":"invalid_token"}`, "401 invalid_token Unauthorized", false},
		"a redirect":                     {307, page, "307: a redirect, which is not followed; check PIGGY_ADDRESS", false},
		"a success without content":      {204, ``, "204 No Content", false},
		"a status nobody knows":          {799, ``, "799", true},
		"what would break the line":      {403, `{"code":"a\nb","message":"\u001b[31mred\r\n"}`, "403 a b: [31mred", false},
		"a message without end":          {403, `{"message":"` + strings.Repeat("x", 3000) + `"}`, "403: " + strings.Repeat("x", 2000), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := refusal(response{status: c.status, body: []byte(c.body)}, true)
			var transient *retry.Transient
			if strings.TrimSpace(err.Error()) != c.text || errors.As(err, &transient) != c.isTransient {
				t.Errorf("got %q, %T", err, err)
			}
		})
	}
}

func TestARefusalTellsWhenToComeBack(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	cases := map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"3":                             3 * time.Second,
		"-1":                            0,
		"1.5":                           0,
		"soon":                          0,
		"99999999999999999999":          0,
		"Sun, 22 Nov 2026 10:00:05 GMT": 5 * time.Second,
		"Sun, 22 Nov 2026 09:00:00 GMT": 0,
	}
	for text, expected := range cases {
		t.Run("Retry-After: "+text, func(t *testing.T) {
			if got := parseRetryAfter(text, now); got != expected {
				t.Errorf("got %s, expected %s", got, expected)
			}
		})
	}
	var transient *retry.Transient
	err := refusal(response{status: 429, header: http.Header{"Retry-After": {"3"}}}, false)
	if !errors.As(err, &transient) || transient.After != 3*time.Second {
		t.Errorf("got %#v", err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"values":{"a":"1"},"missing":["b"]}`))
	f.Add([]byte(`{"values":{"a":null}}`))
	f.Add([]byte(`{"values":{},"missing":["a","b"],"x":1}`))
	f.Add([]byte(`{"values":[]}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys := []string{"a", "b"}
		found, err := parseAnswer(body, keys)
		values := found.Values
		if err != nil {
			if !errors.Is(err, errNotAnAnswer) || values != nil {
				t.Errorf("got %q, %v", values, err)
			}
			return
		}
		if !json.Valid(body) {
			t.Error("accepted what is not JSON")
		}
		for key := range values {
			if !slices.Contains(keys, key) {
				t.Errorf("key %q was not asked for", key)
			}
		}
	})
}

func FuzzParseRefusal(f *testing.F) {
	f.Add(403, []byte(`{"code":"access_denied","message":"no rule"}`))
	f.Add(302, []byte(`x`))
	f.Add(500, []byte("{\"code\":\"a\\nb\",\"message\":\"\\u0000\\u2028\xff\"}"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		text := refusal(response{status: status, body: body}, true).Error()
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > 10_000 {
			t.Errorf("got %q", text)
		}
	})
}

func TestAKeyIsSentAsItIsAndEveryOtherReferenceAsAnObject(t *testing.T) {
	cases := map[string]struct{ references []string }{
		`{"uid":"u","signature":"s","references":["a","db.port","a#b?c","<&>"]}`:                          {[]string{"a", "db.port", "a#b?c", "<&>"}},
		`{"uid":"u","signature":"s","references":["a",{"reference":"secret:shop/db#a"}]}`:                 {[]string{"a", "secret:shop/db#a"}},
		`{"uid":"u","signature":"s","references":[{"reference":"arn:x"},{"reference":"key:a?optional"}]}`: {[]string{"arn:x", "key:a?optional"}},
	}
	for expected, c := range cases {
		body, err := Question{UID: "u", Signature: "s", References: c.references}.encode()
		// As encoding/json has always written it.
		expected = strings.NewReplacer("<", `\u003c`, "&", `\u0026`, ">", `\u003e`).Replace(expected)
		if err != nil || string(body) != expected {
			t.Errorf("got %s, %v, expected %s", body, err, expected)
		}
	}
}

func TestARefusalByAProviderThatKnowsKeysOnlyIsExplained(t *testing.T) {
	refused := &Refused{Status: 400, Code: "invalid_request", Message: "the request needs \"references\""}
	named := Question{References: []string{"a", "secret:shop/db#a?default=x"}}
	if got := named.explain(refused).Error(); !strings.HasSuffix(got, "(a provider of an older version knows keys only, and not piggy:secret:shop/db#a)") {
		t.Errorf("got %s", got)
	}
	if got := (Question{References: []string{"a"}}).explain(refused); got != error(refused) {
		t.Errorf("got %v", got)
	}
	denied := &Refused{Status: 403, Code: "access_denied"}
	if got := named.explain(denied); got != error(denied) {
		t.Errorf("got %v", got)
	}
}
