package aws

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/providertest"
)

func writeToken(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// awsWithSTS stands in for STS and for Secrets Manager, which takes nobody else's credentials.
func awsWithSTS(t *testing.T, sts http.HandlerFunc) *standIn {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "" {
			sts(w, r)
			return
		}
		if r.Header.Get("X-Amz-Security-Token") != "session" || !strings.Contains(r.Header.Get("Authorization"), "Credential=role-id/") {
			answer(400, `{"__type":"UnrecognizedClientException"}`)(w, r)
			return
		}
		answer(200, secretString(`{"a":"1"}`))(w, r)
	})
}

func session(expires time.Time) string {
	return fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>role-id</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>%s</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, canary, expires.UTC().Format(time.RFC3339))
}

func irsa(url, tokenFile string) map[string]string {
	return map[string]string{"AWS_ENDPOINT_URL": url, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/api", "AWS_WEB_IDENTITY_TOKEN_FILE": tokenFile}
}

func TestIRSA(t *testing.T) {
	s := awsWithSTS(t, answer(200, session(time.Now().Add(time.Hour)), "Content-Type: text/xml"))
	client, err := newClient(irsa(s.url, writeToken(t, "jwt-1\n")), secret)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if found, err := client.Read(t.Context(), wanted("a"), api); err != nil || found.Values["a"] != "1" {
			t.Fatalf("got %q, %v", found.Values, err)
		}
	}
	body := s.asked[0]["body"].(string)
	for _, part := range []string{"Action=AssumeRoleWithWebIdentity", "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapi", "WebIdentityToken=jwt-1", "RoleSessionName=piggy-env"} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
	if len(s.asked) != 3 {
		t.Errorf("%d requests: a session serves several tries", len(s.asked))
	}
}

func TestIRSAThatFails(t *testing.T) {
	refusal := func(status int, code string) http.HandlerFunc {
		return answer(status, "<ErrorResponse><Error><Code>"+code+"</Code><Message>"+canary+"</Message></Error></ErrorResponse>", "Content-Type: text/xml")
	}
	cases := map[string]struct {
		sts         http.HandlerFunc
		isTransient bool
		text        string
	}{
		"a role that does not trust": {refusal(403, "AccessDenied"), false, "sts:AssumeRoleWithWebIdentity of role arn:aws:iam::123456789012:role/api in eu-west-1: AccessDenied, HTTP status 403; look at the role's trust policy"},
		"a provider that is unknown": {refusal(400, "InvalidIdentityToken"), false, "OIDC provider"},
		"a provider that is slow":    {refusal(400, "IDPCommunicationError"), true, "IDPCommunicationError"},
		"throttling":                 {refusal(400, "Throttling"), true, "Throttling"},
		"a fault":                    {refusal(500, "InternalFailure"), true, "500"},
		"garbage":                    {answer(200, canary), false, "sts:AssumeRoleWithWebIdentity"},
		"an answer that is empty":    {answer(200, ""), false, "sts:AssumeRoleWithWebIdentity"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := awsWithSTS(t, c.sts)
			_, err := read(t, irsa(s.url, writeToken(t, canary)), secret, "a")
			expectFailure(t, err, c.isTransient, c.text)
		})
	}
	t.Run("a token that is not mounted", func(t *testing.T) {
		_, err := read(t, irsa("http://127.0.0.1:1", "/nowhere/token"), secret, "a")
		expectFailure(t, err, false, "open /nowhere/token: no such file or directory")
	})
	t.Run("a token that is empty", func(t *testing.T) {
		file := writeToken(t, "\n")
		_, err := read(t, irsa("http://127.0.0.1:1", file), secret, "a")
		expectFailure(t, err, false, "read "+file+": it holds no token")
	})
}

// agent stands in for the agent of EKS Pod Identity.
func agent(t *testing.T, answer http.HandlerFunc) *standIn { return serve(t, answer) }

func podIdentity(awsURL, agentURL, tokenFile string) map[string]string {
	return map[string]string{"AWS_ENDPOINT_URL": awsURL, "AWS_CONTAINER_CREDENTIALS_FULL_URI": agentURL + "/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": tokenFile}
}

func agentAnswer(expires time.Time) string {
	return fmt.Sprintf(`{"AccessKeyId":"role-id","SecretAccessKey":%q,"Token":"session","AccountId":"123456789012","Expiration":%q}`, canary, expires.UTC().Format(time.RFC3339))
}

func TestPodIdentity(t *testing.T) {
	s := awsWithSTS(t, func(http.ResponseWriter, *http.Request) { t.Error("STS was asked") })
	a := agent(t, answer(200, agentAnswer(time.Now().Add(time.Hour)), "Content-Type: application/json"))
	values, err := read(t, podIdentity(s.url, a.url, writeToken(t, "jwt-2\n")), secret, "a")
	if err != nil || values["a"] != "1" {
		t.Fatalf("got %q, %v", values, err)
	}
	if len(a.asked) != 1 || a.asked[0]["authorization"] != "jwt-2" {
		t.Errorf("asked %v", a.asked)
	}
	env := podIdentity(s.url, a.url, "")
	env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "jwt-3"
	if _, err := read(t, env, secret, "a"); err != nil || a.asked[1]["authorization"] != "jwt-3" {
		t.Errorf("asked %v, %v", a.asked, err)
	}
}

func TestPodIdentityThatFails(t *testing.T) {
	cases := map[string]struct {
		agent       http.HandlerFunc
		isTransient bool
		text        string
	}{
		"an association that is not there": {answer(404, `{"code":"ResourceNotFoundException","message":"`+canary+`"}`), false, "credentials of EKS Pod Identity at http://127.0.0.1"},
		"a token that is refused":          {answer(403, canary), false, "HTTP status 403"},
		"an agent that is overloaded":      {answer(429, canary), true, "HTTP status 429"},
		"an agent that fails":              {answer(500, `{"code":"InternalServerException","message":"`+canary+`"}`), true, "HTTP status 500"},
		"garbage":                          {answer(200, canary), false, "what answers is not AWS"},
		"no credentials":                   {answer(200, `{}`), false, "holds no credentials"},
		"a redirect":                       {answer(302, canary, "Location: http://127.0.0.1:1/"), false, "HTTP status 302"},
		"an answer without end":            {answer(200, `{"AccessKeyId":"`+strings.Repeat(canary, 1<<20)), false, "over 8 MiB"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := agent(t, c.agent)
			_, err := read(t, podIdentity("http://127.0.0.1:1", a.url, writeToken(t, canary)), secret, "a")
			expectFailure(t, err, c.isTransient, c.text)
		})
	}
}

func TestTheTokenOfPodIdentityGoesToNobodyElse(t *testing.T) {
	cases := map[string]bool{
		"http://169.254.170.23/v1/credentials": true, "http://[fd00:ec2::23]/v1/credentials": true, "http://169.254.170.2/x": true,
		"http://127.0.0.1:8080/": true, "http://[::1]/": true, "https://credentials.example/": true,
		"http://credentials.example/": false, "http://10.0.0.1/": false, "http://169.254.169.254/": false, "http://localhost.example/": false,
		"ftp://127.0.0.1/": false, "/relative": false, "http://user:" + canary + "@127.0.0.1/": false, "http://127.0.0.1%00/": false, "::": false,
	}
	for text, isAllowed := range cases {
		// A test's name is printed, and no output holds a value.
		t.Run(strings.Replace(text, canary, "password", 1), func(t *testing.T) {
			client, err := newClient(map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": text}, secret)
			if (err == nil) != isAllowed {
				t.Errorf("got %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), "AWS_CONTAINER_CREDENTIALS_FULL_URI") || strings.Contains(err.Error(), canary)) {
				t.Errorf("got %v, %v", client, err)
			}
		})
	}
}

func TestTheOrderOfIdentitiesIsThatOfTheSDKs(t *testing.T) {
	s := awsWithSTS(t, answer(200, session(time.Now().Add(time.Hour)), "Content-Type: text/xml"))
	both := irsa(s.url, writeToken(t, "jwt"))
	both["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/"
	if _, err := read(t, both, secret, "a"); err != nil {
		t.Errorf("IRSA does not win over Pod Identity: %v", err)
	}
	both["AWS_ACCESS_KEY_ID"], both["AWS_SECRET_ACCESS_KEY"] = "own", "key"
	_, err := read(t, both, secret, "a")
	expectFailure(t, err, false, "UnrecognizedClientException")
}

func TestAPodWithoutAnIdentityIsToldSo(t *testing.T) {
	for _, env := range []map[string]string{nil, {"AWS_ACCESS_KEY_ID": "id"}, {"AWS_ROLE_ARN": "x"}, {"AWS_WEB_IDENTITY_TOKEN_FILE": "x"}} {
		if _, err := newClient(env, secret); !errors.Is(err, errNoIdentity) {
			t.Errorf("%v: got %v", env, err)
		}
	}
}

func TestTheCertificatesThatAWSIsVerifiedBy(t *testing.T) {
	authority := providertest.NewAuthority(t)
	own := x509.NewCertPool()
	own.AppendCertsFromPEM([]byte(authority.PEM))
	bundled, err := bundledRoots()
	if err != nil {
		t.Fatal(err)
	}
	file := writeToken(t, authority.PEM)
	empty := x509.NewCertPool()
	cases := map[string]struct {
		bundleFile string
		system     *x509.CertPool
		failure    error
		expected   *x509.CertPool
	}{
		"AWS_CA_BUNDLE's":                   {file, bundled, nil, own},
		"the image's":                       {"", own, nil, own},
		"our own where the image has none":  {"", empty, nil, bundled},
		"our own where they cannot be read": {"", nil, errors.New("no"), bundled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pool, err := readRoots(c.bundleFile, func() (*x509.CertPool, error) { return c.system, c.failure })
			if err != nil || !pool.Equal(c.expected) {
				t.Errorf("got others, %v", err)
			}
		})
	}
	//lint:ignore SA1019 the pool is ours, not the system's
	subjects := fmt.Sprintf("%q", bundled.Subjects())
	for _, name := range []string{"Amazon Root CA 1", "Amazon Root CA 3", "Starfield Root Certificate Authority - G2"} {
		if !strings.Contains(subjects, name) {
			t.Errorf("%s is not bundled", name)
		}
	}
	for _, file := range []string{writeToken(t, "x"), "/nowhere"} {
		if _, err := readRoots(file, x509.SystemCertPool); err == nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
			t.Errorf("got %v", err)
		}
	}
}
