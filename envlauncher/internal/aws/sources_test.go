package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"piggysec.com/envlauncher/internal/secretstore"
)

var settingsOfAPI = secretstore.Settings{SecretID: "shop/api", Region: "eu-west-1"}

// store answers as AWS does: secrets by name, parameters by name with their version.
func store(t *testing.T, secrets, parameters map[string]string) *standIn {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var input struct {
			SecretId, VersionId, VersionStage string
			Names                             []string
		}
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
			t.Error(err)
		}
		if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameters" {
			answerParameters(w, input.Names, parameters)
			return
		}
		text, isThere := secrets[input.SecretId+input.VersionId]
		if !isThere {
			answer(400, `{"__type":"ResourceNotFoundException"}`)(w, r)
			return
		}
		io.WriteString(w, secretString(text))
	})
}

func answerParameters(w http.ResponseWriter, names []string, parameters map[string]string) {
	type parameter struct{ Name, ARN, Value string }
	var body struct {
		Parameters        []parameter
		InvalidParameters []string
	}
	for _, asked := range names {
		value, isThere := parameters[asked]
		if !isThere {
			body.InvalidParameters = append(body.InvalidParameters, asked)
			continue
		}
		name, arn := asked, "arn:aws:ssm:eu-west-1:123456789012:parameter"+asked
		if path, isARN := strings.CutPrefix(asked, "arn:aws:ssm:us-east-1:210987654321:parameter"); isARN {
			name, arn = path, asked
		}
		name, _, _ = strings.Cut(name, ":")
		body.Parameters = append(body.Parameters, parameter{name, arn, value})
	}
	json.NewEncoder(w).Encode(body)
}

func readAll(t *testing.T, url string, references ...string) (map[string]string, error) {
	t.Helper()
	questions, err := Questions(references, settingsOfAPI)
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(environment(url), questions[0].Source)
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.ReadAll(t.Context(), questions, api)
	return found.Values, err
}

const sharedARN = "arn:aws:secretsmanager:us-east-1:210987654321:secret:shared/db"

func TestEachReferenceHasTheValueOfItsSource(t *testing.T) {
	s := store(t,
		map[string]string{"shop/api": `{"A":"own","hosts":["h0","h1"]}`, "shop/db": `{"A":"db"}`, sharedARN: `{"A":"shared"}`},
		map[string]string{"/shop/url": "u", "/shop/url:3": "u3", "/shop/config": `{"port":5432}`, "arn:aws:ssm:us-east-1:210987654321:parameter/shared/url": "far"})
	expected := map[string]string{
		"A": "own", "key:A?optional": "own", "hosts.1": "h1", "secret:shop/db#A": "db", "secret:shop/db": `{"A":"db"}`, sharedARN + ":A::": "shared",
		"parameter:/shop/url": "u", "parameter:/shop/url?version=3": "u3", "parameter:/shop/config#port": "5432",
		"arn:aws:ssm:us-east-1:210987654321:parameter/shared/url": "far",
	}
	got, err := readAll(t, s.url, slices.Collect(maps.Keys(expected))...)
	if err != nil || !maps.Equal(got, expected) {
		t.Errorf("got %q, %v", got, err)
	}
	calls := map[string]int{}
	for _, asked := range s.asked {
		region := strings.Split(asked["authorization"].(string), "/")[2]
		calls[fmt.Sprint(asked["target"], " ", asked["SecretId"], " ", region)]++
	}
	once := map[string]int{
		"secretsmanager.GetSecretValue shop/api eu-west-1": 1, "secretsmanager.GetSecretValue shop/db eu-west-1": 1,
		"secretsmanager.GetSecretValue " + sharedARN + " us-east-1": 1,
		// Two versions of one parameter are asked for in two calls.
		"AmazonSSM.GetParameters <nil> eu-west-1": 2, "AmazonSSM.GetParameters <nil> us-east-1": 1,
	}
	if !maps.Equal(calls, once) {
		t.Errorf("AWS was asked %v", calls)
	}
}

func TestParametersAreAskedForTenACall(t *testing.T) {
	parameters := map[string]string{}
	var references []string
	for i := range 20 {
		name := fmt.Sprintf("/shop/p%d", i)
		parameters[name] = name
		references = append(references, "parameter:"+name)
	}
	s := store(t, nil, parameters)
	got, err := readAll(t, s.url, references...)
	if err != nil || len(got) != 20 || got["parameter:/shop/p7"] != "/shop/p7" {
		t.Errorf("got %q, %v", got, err)
	}
	if len(s.asked) != 3 {
		t.Errorf("%d calls", len(s.asked))
	}
	for _, asked := range s.asked {
		if names := asked["Names"].([]any); len(names) > 10 || !slices.Contains(names, any("/shop/PIGGY_ALLOWED_SA")) {
			t.Errorf("asked for %v", names)
		}
	}
}

func TestOneSourceThatFailsFailsAllAndIsNamed(t *testing.T) {
	secrets := map[string]string{"shop/api": `{"A":"` + canary + `"}`, "shop/listed": `{"A":"` + canary + `","PIGGY_ALLOWED_SA":"shop:web"}`}
	parameters := map[string]string{"/shop/url": canary, "/listed/url": canary, "/listed/PIGGY_ALLOWED_SA": "shop:web"}
	cases := map[string]struct {
		references []string
		texts      []string
	}{
		"a secret that is not there":                 {[]string{"A", "secret:shop/gone#A"}, []string{"piggy:secret:shop/gone#A: ", "secret shop/gone in eu-west-1: ResourceNotFoundException"}},
		"a version that is not there, but no label":  {[]string{"secret:shop/api?version=1fcd41b2-4d0e-4c1f-8a53-1f2e3d4c5b6a"}, []string{"ResourceNotFoundException"}},
		"one of whose keys must be there":            {[]string{"secret:shop/gone#A?optional", "secret:shop/gone#B"}, []string{"piggy:secret:shop/gone#A: "}},
		"a parameter that is not there":              {[]string{"parameter:/shop/url", "parameter:/shop/gone"}, []string{"piggy:parameter:/shop/gone: ", "it does not exist, or not in this version"}},
		"a secret that does not name the account":    {[]string{"A", "secret:shop/listed#A"}, []string{"piggy:secret:shop/listed#A: service_account_not_allowed: secret shop/listed"}},
		"a list beside a parameter, without account": {[]string{"parameter:/shop/url", "parameter:/listed/url?optional"}, []string{"piggy:parameter:/listed/url: service_account_not_allowed: parameter /listed/url"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(t, store(t, secrets, parameters).url, c.references...)
			expectFailure(t, err, false, c.texts...)
		})
	}
}

func TestWhyAKeyIsMissingIsToldOfItsSource(t *testing.T) {
	s := store(t, map[string]string{"shop/api": canary, "shop/db": "[]"}, nil)
	questions, err := Questions([]string{"A", "secret:shop/db#A"}, settingsOfAPI)
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(environment(s.url), questions[0].Source)
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.ReadAll(t.Context(), questions, api)
	expected := "it is plain text without keys: use piggy:. for all of it, or store a JSON object instead; " +
		"it is a JSON array, which has no keys: store a JSON object instead, or use the reference without its key for the whole text"
	if err != nil || found.Hint != expected {
		t.Errorf("got %q, %v", found.Hint, err)
	}
}

func TestTheFailureOfThePodsOnlySourceIsToldAsItAlwaysWas(t *testing.T) {
	_, err := readAll(t, store(t, nil, nil).url, "A")
	if err == nil || !strings.HasPrefix(err.Error(), "secretsmanager:GetSecretValue of secret shop/api") {
		t.Errorf("got %v", err)
	}
}

func TestWhatMayBeMissingIsNoFailure(t *testing.T) {
	s := store(t, map[string]string{"shop/api": `{"A":"1"}`}, nil)
	got, err := readAll(t, s.url, "A", "key:B?optional", "secret:shop/gone#A?optional", "secret:shop/gone#B?default=2", "parameter:/shop/gone?optional")
	if err != nil || !maps.Equal(got, map[string]string{"A": "1"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWhatMayPassIsTriedAgainOnlyWhereNothingFailsForGood(t *testing.T) {
	fail := func(secrets map[string]string) error {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			var input struct{ SecretId string }
			json.NewDecoder(r.Body).Decode(&input)
			answer(400, fmt.Sprintf(`{"__type":%q}`, secrets[input.SecretId]))(w, r)
		})
		_, err := readAll(t, s.url, "secret:a", "secret:b")
		return err
	}
	throttled, denied := "ThrottlingException", "AccessDeniedException"
	expectFailure(t, fail(map[string]string{"a": throttled, "b": throttled}), true, "piggy:secret:a: ", throttled)
	expectFailure(t, fail(map[string]string{"a": throttled, "b": denied}), false, "piggy:secret:b: ", denied)
}

func TestAllSourcesAreAskedAtOnce(t *testing.T) {
	arrived := make(chan string, 3)
	all := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.Header.Get("X-Amz-Target")
		<-all
		if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameters" {
			answerParameters(w, []string{"/shop/url"}, map[string]string{"/shop/url": "u"})
			return
		}
		io.WriteString(w, secretString(`{"A":"1"}`))
	})
	go func() {
		for range 3 {
			<-arrived
		}
		close(all)
	}()
	if got, err := readAll(t, s.url, "A", "secret:shop/db#A", "parameter:/shop/url"); err != nil || len(got) != 3 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReferencesAreSortedBySource(t *testing.T) {
	questions, err := Questions([]string{"A", "secret:shop/db#A?optional", "B", "secret:shop/db#B?default=x"}, settingsOfAPI)
	if err != nil || len(questions) != 2 {
		t.Fatalf("%+v, %v", questions, err)
	}
	own, db := questions[0], questions[1]
	if own.Source.SecretID != "shop/api" || len(own.Wanted) != 2 || own.MayBeMissing || own.CalledBy != "piggy:A" {
		t.Errorf("%+v", own)
	}
	if db.Source.SecretID != "shop/db" || len(db.Wanted) != 2 || !db.MayBeMissing || db.CalledBy != "piggy:secret:shop/db#A" {
		t.Errorf("%+v", db)
	}
	// The Pod's own source is not looked at where no reference means it.
	far, err := Questions([]string{sharedARN}, secretstore.Settings{SecretID: "no name"})
	expected := secretstore.Source{SecretID: sharedARN, VersionStage: secretstore.Current, Region: "us-east-1"}
	if err != nil || len(far) != 1 || !reflect.DeepEqual(far[0].Source, expected) {
		t.Errorf("%+v, %v", far, err)
	}
}
