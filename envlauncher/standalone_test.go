// The standalone binary, against moto, which behaves as AWS does, and against stand-ins for what moto cannot do.
// `npm test -- launcher` starts moto where pip is installed.

package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"piggysec.com/envlauncher/internal/providertest"
)

const (
	region    = "eu-west-1"
	roleToken = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
)

func newStandaloneContainer(t *testing.T) *container {
	t.Helper()
	c := newContainer(t)
	c.must(os.Remove(c.root + launcherPath))
	c.link(built.standalone, launcherPath)
	return c
}

// standaloneSettings are the variables that admission adds to a standalone Pod.
func standaloneSettings(secretName string, more ...string) []string {
	return append([]string{"PIGGY_UID=uid-1", "PIGGY_ADDRESS=", "PIGGY_CA=", "PIGGY_TOKEN_FILE=",
		"PIGGY_AWS_SECRET_NAME=" + secretName, "PIGGY_AWS_SECRET_VERSION=", "PIGGY_AWS_REGION=" + region,
		"PIGGY_AWS_SSM_PARAMETER_PATH=", "PIGGY_STANDALONE=true", "PIGGY_DEBUG=", "PIGGY_IGNORE_NO_ENV=", "PIGGY_INITIAL_DELAY=",
		"PIGGY_NUMBER_OF_RETRY=", "PIGGY_DNS_RESOLVER=", "PIGGY_ENFORCE_INTEGRITY=true", "PIGGY_ENFORCE_SERVICE_ACCOUNT=",
		"PIGGY_SKIP_VERIFY_TLS=", "PIGGY_SERVICE_ACCOUNT=shop:api"}, more...)
}

// identity is what IRSA gives a Pod, and AWS at another address.
func identity(endpoint string) []string {
	return []string{"AWS_REGION=" + region, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/api", "AWS_WEB_IDENTITY_TOKEN_FILE=" + roleToken, "AWS_ENDPOINT_URL=" + endpoint}
}

func (c *container) giveIdentity() {
	c.t.Helper()
	// A token that moto can take apart; nobody has signed it.
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	c.write(roleToken, part(`{"alg":"none"}`)+"."+part(`{"sub":"system:serviceaccount:shop:api"}`)+".", 0o644)
}

func moto(t *testing.T) string {
	t.Helper()
	address := os.Getenv("PIGGY_TEST_MOTO")
	if address == "" {
		t.Skip("needs moto, whose address is in PIGGY_TEST_MOTO: npm test -- launcher starts it, where python3 has pip")
	}
	return address
}

// tell makes moto do something, and returns its answer.
func tell(t *testing.T, target string, input map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	service, operation, _ := strings.Cut(target, ".")
	request, err := http.NewRequest(http.MethodPost, moto(t), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", map[string]string{"secretsmanager": "secretsmanager", "ssm": "AmazonSSM"}[service]+"."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/"+region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=x")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: %s", target, text)
	}
	return answer
}

// createSecret returns the name and the ARN of a new secret, and the id of its version.
func createSecret(t *testing.T, content string) (name, arn, id string) {
	t.Helper()
	name = "shop/" + rand.Text()
	answer := tell(t, "secretsmanager.CreateSecret", map[string]any{"Name": name, "SecretString": content, "ClientRequestToken": randomUUID()})
	return name, answer["ARN"].(string), answer["VersionId"].(string)
}

func randomUUID() string {
	bytes := make([]byte, 16)
	rand.Read(bytes)
	return fmt.Sprintf("%x-%x-%x-%x-%x", bytes[:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:])
}

func TestStandaloneValuesComeFromSecretsManager(t *testing.T) {
	name, arn, id := createSecret(t, `{"password":"old"}`)
	content := `{"password":"` + canary + `","port":5432,"far":1e400,"db":{"user":"shop","port":5433},"on":true,"none":null}`
	tell(t, "secretsmanager.PutSecretValue", map[string]any{"SecretId": name, "SecretString": content, "ClientRequestToken": randomUUID()})
	put := func(content, id, label string) {
		tell(t, "secretsmanager.PutSecretValue", map[string]any{"SecretId": name, "SecretString": content, "ClientRequestToken": id, "VersionStages": []string{label}})
	}
	const terraformID, longLabel = "terraform-20240131235959012300000001", "the-release-of-the-last-day-of-january"
	put(`{"password":"made by Terraform"}`, terraformID, "FROM-TERRAFORM")
	put(`{"password":"labelled"}`, randomUUID(), longLabel)
	rds := "rds!cluster-" + randomUUID()
	tell(t, "secretsmanager.CreateSecret", map[string]any{"Name": rds, "SecretString": `{"password":"made by RDS"}`, "ClientRequestToken": randomUUID()})
	all := []string{"A=piggy:password", "B=piggy:port", "C=piggy:far", "D=piggy:db.user", "E=piggy:db", "F=piggy:on", "G=piggy:none"}
	current := []string{"A=" + canary, "B=5432", "C=1e400", "D=shop", `E={"user":"shop","port":5433}`, "F=true", "G="}
	cases := map[string]struct{ settings, references, expected []string }{
		"by name":                   {standaloneSettings(name), all, current},
		"by ARN, without a region":  {standaloneSettings(arn, "PIGGY_AWS_REGION="), all, current},
		"in the Pod's own region":   {standaloneSettings(name, "PIGGY_AWS_REGION="), all, current},
		"AWS_CURRENT":               {standaloneSettings(name, "PIGGY_AWS_SECRET_VERSION=AWS_CURRENT"), all[:1], current[:1]},
		"the version before, so":    {standaloneSettings(name, "PIGGY_AWS_SECRET_VERSION=AWSPREVIOUS"), all[:1], []string{"A=old"}},
		"a version of Terraform":    {standaloneSettings(name, "PIGGY_AWS_SECRET_VERSION="+terraformID), all[:1], []string{"A=made by Terraform"}},
		"a label as long as an id":  {standaloneSettings(name, "PIGGY_AWS_SECRET_VERSION="+longLabel), all[:1], []string{"A=labelled"}},
		"a secret that RDS owns":    {standaloneSettings(rds), []string{"A=piggy:password"}, []string{"A=made by RDS"}},
		"the version before, by id": {standaloneSettings(name, "PIGGY_AWS_SECRET_VERSION="+id), all[:1], []string{"A=old"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newStandaloneContainer(t)
			in.giveIdentity()
			own := append(identity(moto(t)), "PIGGY_BANK=mine")
			if code := in.launch(slices.Concat(c.settings, c.references, own), "application"); code != 0 || in.stderr.Len() > 0 {
				t.Fatalf("exit code %d: %s", code, in.stderr.String())
			}
			in.expectEnvironment(slices.Concat(c.expected, own)...)
		})
	}
}

func TestStandaloneBytesComeInBase64(t *testing.T) {
	name := "shop/" + rand.Text()
	tell(t, "secretsmanager.CreateSecret", map[string]any{"Name": name, "SecretBinary": "AAEC/w==", "ClientRequestToken": randomUUID()})
	c := newStandaloneContainer(t)
	c.giveIdentity()
	if code := c.launch(slices.Concat(standaloneSettings(name), identity(moto(t)), []string{"A=piggy:."}), "application", "$(A)"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	if argv := c.facts().Argv; argv[1] != "AAEC/w==" {
		t.Errorf("got %q", argv)
	}
}

func TestStandaloneValuesComeFromParameterStore(t *testing.T) {
	path := "/shop/" + rand.Text()
	put := func(name, kind, value string) {
		tell(t, "ssm.PutParameter", map[string]any{"Name": path + name, "Type": kind, "Value": value})
	}
	for i := range 21 {
		put(fmt.Sprintf("/KEY_%d", i), "String", strconv.Itoa(i))
	}
	put("/deep/PASSWORD", "SecureString", canary)
	put("/HOSTS", "StringList", "a,b")
	put("/a/PORT", "String", "1")
	put("/b/PORT", "String", "2")
	settings := standaloneSettings("", "PIGGY_AWS_SSM_PARAMETER_PATH="+path)
	t.Run("of several pages, decrypted", func(t *testing.T) {
		c := newStandaloneContainer(t)
		c.giveIdentity()
		references := []string{"A=piggy:KEY_0", "B=piggy:KEY_20", "C=piggy:PASSWORD", "D=piggy:HOSTS"}
		if code := c.launch(slices.Concat(settings, identity(moto(t)), references), "application"); code != 0 {
			t.Fatalf("exit code %d: %s", code, c.stderr.String())
		}
		c.expectEnvironment(append(identity(moto(t)), "A=0", "B=20", "C="+canary, "D=a,b")...)
	})
	t.Run("not where two share the key", func(t *testing.T) {
		c := newStandaloneContainer(t)
		c.giveIdentity()
		code := c.launch(slices.Concat(settings, identity(moto(t)), []string{"A=piggy:PORT"}), "application")
		c.expectFailure(code, 125, "ambiguous_parameter: PORT is the end of", path+"/a/PORT, "+path+"/b/PORT")
	})
}

func TestStandaloneRefusesToStartTheApplication(t *testing.T) {
	own, _, _ := createSecret(t, `{"k":"`+canary+`"}`)
	listed, _, _ := createSecret(t, `{"k":"`+canary+`","PIGGY_ALLOWED_SA":"shop:web"}`)
	plain, _, _ := createSecret(t, canary)
	eaten, _, _ := createSecret(t, `{k:`+canary+`}`)
	cases := map[string]struct {
		settings []string
		texts    []string
	}{
		"a secret that is not there": {standaloneSettings("shop/absent"),
			[]string{"secretsmanager:GetSecretValue of secret shop/absent in eu-west-1: ResourceNotFoundException", "check name, region and version"}},
		"a path without parameters":        {standaloneSettings("", "PIGGY_AWS_SSM_PARAMETER_PATH=/absent"), []string{"ssm:GetParametersByPath of parameter path /absent"}},
		"a list without this account":      {standaloneSettings(listed), []string{"service_account_not_allowed", listed, "shop:api"}},
		"a list, by an admission of old":   {standaloneSettings(listed, "PIGGY_SERVICE_ACCOUNT="), []string{"service_account_not_allowed"}},
		"no list where one is required":    {standaloneSettings(own, "PIGGY_ENFORCE_SERVICE_ACCOUNT=true"), []string{"has no PIGGY_ALLOWED_SA, which is required; add it with shop:api"}},
		"a key that is missing":            {standaloneSettings(own, "B=piggy:missing"), []string{"B (piggy:missing); it is a JSON object with 1 other key: "}},
		"a key of plain text":              {standaloneSettings(plain), []string{"A (piggy:k); it is plain text without keys: use piggy:."}},
		"a key that a shell unquoted":      {standaloneSettings(eaten), []string{"A (piggy:k); it begins like a JSON object but is not valid JSON"}},
		"a key of ours":                    {standaloneSettings(listed, "PIGGY_SERVICE_ACCOUNT=shop:web", "A=piggy:PIGGY_ALLOWED_SA"), []string{"A (piggy:PIGGY_ALLOWED_SA)"}},
		"two sources":                      {standaloneSettings(own, "PIGGY_AWS_SSM_PARAMETER_PATH=/shop"), []string{"exclude each other"}},
		"a region that is none":            {standaloneSettings(own, "PIGGY_AWS_REGION=x.example"), []string{`aws-region: "x.example"`}},
		"a Pod without an identity":        {standaloneSettings(own, "AWS_ROLE_ARN="), []string{"no AWS identity", "IRSA", "EKS Pod Identity"}},
		"a token that is not mounted":      {standaloneSettings(own, "AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere"), []string{"open /nowhere: no such file"}},
		"a Pod that is not standalone":     {standaloneSettings(own, "PIGGY_STANDALONE=false"), []string{"PIGGY_STANDALONE is not true"}},
		"a boolean that is none":           {standaloneSettings(own, "PIGGY_ENFORCE_SERVICE_ACCOUNT=yes"), []string{`PIGGY_ENFORCE_SERVICE_ACCOUNT is "yes"`}},
		"AWS that is not there, once":      {standaloneSettings(own, "PIGGY_NUMBER_OF_RETRY=0", "AWS_ENDPOINT_URL_SECRETS_MANAGER=http://127.0.0.1:1"), []string{"connection refused (tries: 1)", own}},
		"names over a network that is not": {standaloneSettings(own, "PIGGY_DNS_RESOLVER=tcp", "PIGGY_NUMBER_OF_RETRY=0", "AWS_ENDPOINT_URL=http://aws.invalid"), []string{"lookup aws.invalid"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newStandaloneContainer(t)
			in.giveIdentity()
			// exec.Command keeps the last of two entries with one name.
			code := in.launch(slices.Concat([]string{"A=piggy:k"}, identity(moto(t)), c.settings), "application")
			in.expectFailure(code, 125, c.texts...)
		})
	}
}

func TestStandaloneGivesAJSONObjectWhole(t *testing.T) {
	text := "\uFEFF{\n  \"k\": \"" + canary + "\",\n  \"PIGGY_ALLOWED_SA\": \"shop:api\"\n}\n"
	name, _, _ := createSecret(t, text)
	c := newStandaloneContainer(t)
	c.giveIdentity()
	if code := c.launch(slices.Concat(standaloneSettings(name), identity(moto(t)), []string{"A=piggy:.", "B=piggy:k"}), "application"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(identity(moto(t)), "A="+text, "B="+canary)...)
}

func TestStandaloneStartsWithoutAMissingKeyWhereThatIsAsked(t *testing.T) {
	name, _, _ := createSecret(t, `{"k":"`+canary+`"}`)
	c := newStandaloneContainer(t)
	c.giveIdentity()
	settings := standaloneSettings(name, "PIGGY_IGNORE_NO_ENV=true", "A=piggy:k", "B=piggy:missing")
	if code := c.launch(append(settings, identity(moto(t))...), "application"); code != 0 || !strings.Contains(c.stderr.String(), "warning: variable B (piggy:missing) is left unset") {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(identity(moto(t)), "A="+canary)...)
}

// awsStandIn answers in turn; the last answer repeats.
func awsStandIn(t *testing.T, answers ...http.HandlerFunc) (handler http.Handler, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(requests.Add(1)), len(answers))-1](w, r)
	}), requests
}

// ownKeys are an identity that takes no request.
func ownKeys(endpoint string) []string {
	return []string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_ENDPOINT_URL=" + endpoint}
}

func secretAnswer(content string) http.HandlerFunc {
	body, _ := json.Marshal(map[string]string{"Name": "shop/api", "SecretString": content})
	return answer(200, string(body), "Content-Type: application/x-amz-json-1.1")
}

func TestStandaloneTriesAgainWhatMayPass(t *testing.T) {
	c := newStandaloneContainer(t)
	began := time.Now()
	handler, requests := awsStandIn(t, answer(500, canary), answer(400, `{"__type":"ThrottlingException","message":"`+canary+`"}`), secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	settings := standaloneSettings("shop/api", "PIGGY_INITIAL_DELAY=300ms", "PIGGY_DEBUG=true", "A=piggy:k")
	if code := c.launch(append(settings, ownKeys(server.URL)...), "application"); code != 0 || requests.Load() != 3 {
		t.Errorf("exit code %d after %d requests: %s", code, requests.Load(), c.stderr.String())
	}
	if time.Since(began) < 300*time.Millisecond {
		t.Error("the initial delay was not waited for")
	}
	c.expectEnvironment(append(ownKeys(server.URL), "A="+canary)...)
	for _, text := range []string{"ask AWS for secret shop/api in eu-west-1", "ThrottlingException", "1 of 1 keys"} {
		if !strings.Contains(c.stderr.String(), text) {
			t.Errorf("%q is not in %s", text, c.stderr.String())
		}
	}
}

func TestStandaloneVerifiesAWS(t *testing.T) {
	authority := providertest.NewAuthority(t)
	handler, _ := awsStandIn(t, secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that is to fail
	server.TLS = authority.Serving(t, "127.0.0.1")
	server.StartTLS()
	t.Cleanup(server.Close)
	settings := slices.Clip(append(standaloneSettings("shop/api", "A=piggy:k"), ownKeys(server.URL)...)) // shared by parallel tests
	t.Run("by AWS_CA_BUNDLE", func(t *testing.T) {
		c := newStandaloneContainer(t)
		c.write("/ca.pem", authority.PEM, 0o644)
		if code := c.launch(append(settings, "AWS_CA_BUNDLE=/ca.pem"), "application"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
	})
	t.Run("by the CAs of the image", func(t *testing.T) {
		c := newStandaloneContainer(t)
		c.write("/etc/ssl/certs/ca-certificates.crt", authority.PEM, 0o644)
		if code := c.launch(settings, "application"); code != 0 {
			t.Errorf("exit code %d: %s", code, c.stderr.String())
		}
	})
	t.Run("by its own CAs where the image has none", func(t *testing.T) {
		c := newStandaloneContainer(t)
		c.expectFailure(c.launch(settings, "application"), 125, "certificate signed by unknown authority", "AWS_CA_BUNDLE")
	})
}

func TestStandaloneAsksThePodsIdentityOverNoProxy(t *testing.T) {
	c := newStandaloneContainer(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the proxy got %s %s", r.Method, r.Host) }))
	t.Cleanup(proxy.Close)
	c.write("/token", "token-1", 0o644)
	settings := standaloneSettings("shop/api", "A=piggy:k", "PIGGY_NUMBER_OF_RETRY=0", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2/none", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/token")
	c.expectFailure(c.launch(settings, "application"), 125, "credentials of EKS Pod Identity at http://169.254.170.2/none")
}

func TestStandaloneReadsTheVariablesAsTheApplicationWouldSeeThem(t *testing.T) {
	c := newStandaloneContainer(t)
	handler, _ := awsStandIn(t, secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	// A reference is no value yet, and marks are no part of a value.
	settings := standaloneSettings("shop/api", "A=piggy:k", "AWS_PROFILE=piggy:k", "AWS_SESSION_TOKEN=piggy:k",
		"ENDPOINT="+server.URL, "AWS_ENDPOINT_URL=<m>"+server.URL+"</m>")
	if code := c.launch(append([]string{"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key"}, settings...), "application"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "A="+canary, "AWS_PROFILE="+canary, "AWS_SESSION_TOKEN="+canary,
		"ENDPOINT="+server.URL, "AWS_ENDPOINT_URL="+server.URL)
}

// What Go's library reads by itself must be without marks, too. Names that never resolve show who asks: a proxy is given the name.
func TestStandaloneReadsTheProxyAsTheApplicationWouldSeeIt(t *testing.T) {
	const aws = "http://aws.invalid"
	handler, _ := awsStandIn(t, secretAnswer(`{"k":"`+canary+`"}`))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "aws.invalid" {
			t.Errorf("the proxy got %s %s", r.Method, r.Host)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(proxy.URL, "http://"), ":")
	settings := append(standaloneSettings("shop/api", "A=piggy:k", "PIGGY_NUMBER_OF_RETRY=0"), ownKeys(aws)...)
	marked := "HTTP_PROXY=http://<m>" + host + "</m>:<m>" + port + "</m>"
	t.Run("made of other variables", func(t *testing.T) {
		c := newStandaloneContainer(t)
		if code := c.launch(slices.Concat(settings, []string{marked}), "application"); code != 0 {
			t.Fatalf("exit code %d: %s", code, c.stderr.String())
		}
		c.expectEnvironment(append(ownKeys(aws), "A="+canary, "HTTP_PROXY="+proxy.URL)...)
	})
	cases := map[string][]string{
		"not for a host that NO_PROXY names, made so too": {marked, "NO_PROXY=<m>aws.invalid</m>"},
		"not where it is a reference, which has no value": {"HTTP_PROXY=piggy:k"},
		"not where a reference is part of it":             {"HTTP_PROXY=http://<m>piggy:k</m>:" + port},
	}
	for name, variables := range cases {
		t.Run(name, func(t *testing.T) {
			c := newStandaloneContainer(t)
			c.expectFailure(c.launch(slices.Concat(settings, variables), "application"), 125, "lookup aws.invalid")
		})
	}
}

func TestStandaloneReadsTheCAFileAsTheApplicationWouldSeeIt(t *testing.T) {
	c := newStandaloneContainer(t)
	authority := providertest.NewAuthority(t)
	handler, _ := awsStandIn(t, secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewUnstartedServer(handler)
	server.TLS = authority.Serving(t, "127.0.0.1")
	server.StartTLS()
	t.Cleanup(server.Close)
	c.write("/ca.pem", authority.PEM, 0o644)
	settings := append(standaloneSettings("shop/api", "A=piggy:k"), ownKeys(server.URL)...)
	if code := c.launch(append(settings, "SSL_CERT_FILE=<m>/ca.pem</m>"), "application"); code != 0 {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
}

func TestStandaloneWithoutAReferenceAsksNobody(t *testing.T) {
	c := newStandaloneContainer(t)
	if code := c.launch(standaloneSettings("shop/api", "A=1"), "application"); code != 0 {
		t.Errorf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment("A=1")
}

func TestStandaloneLeavesNoTraceInTheApplication(t *testing.T) {
	c := newStandaloneContainer(t)
	handler, _ := awsStandIn(t, answer(503, ""), secretAnswer(`{"k":"`+canary+`"}`))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	own, files := ownKeys(server.URL), c.files()
	command := c.command(standaloneSettings("shop/api", append(own, "A=piggy:k")...), launcherPath, "--", "application")
	c.start(command)
	c.finish(command)
	if left := c.files(); !slices.Equal(left, files) {
		t.Errorf("there are %q, before there were %q", left, files)
	}
	direct := newContainerBeside(c)
	direct.run(append(own, "A="+canary), "/bin/application")
	told, expected := c.facts(), direct.facts()
	slices.Sort(told.Environment)
	slices.Sort(expected.Environment)
	if told.PID != command.Process.Pid || !slices.Equal(told.OpenFiles, expected.OpenFiles) || !slices.Equal(told.Environment, expected.Environment) {
		t.Errorf("the application sees %+v, started directly it sees %+v", told, expected)
	}
}

func TestStandaloneIsSmallInMemory(t *testing.T) {
	c := newStandaloneContainer(t)
	handler, _ := awsStandIn(t, secretAnswer(`{"k":"`+strings.Repeat("x", 60_000)+`"}`))
	server := httptest.NewUnstartedServer(handler)
	authority := providertest.NewAuthority(t)
	server.TLS = authority.Serving(t, "127.0.0.1")
	server.StartTLS()
	t.Cleanup(server.Close)
	c.write("/etc/ssl/certs/ca-certificates.crt", authority.PEM, 0o644)
	settings := append(standaloneSettings("shop/api", "A=piggy:k"), ownKeys(server.URL)...)
	code := c.run(settings, "/bin/application", "measure", launcherPath, "--", "/bin/application", "exit", "0")
	kib, err := strconv.Atoi(strings.TrimSpace(c.stdout.String()))
	if code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, c.stderr.String())
	}
	t.Logf("%d KiB", kib)
	if kib == 0 || kib > 20<<10 {
		t.Errorf("%d KiB", kib)
	}
}
