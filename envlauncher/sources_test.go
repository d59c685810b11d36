// References that name a secret or parameter themselves, through the real binaries.

package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const arnOfShared = "arn:aws:secretsmanager:us-east-1:210987654321:secret:shared/db-AbCdEf"

func TestReferencesMayNameTheirSource(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(200, `{"values":{"password":"`+canary+`","secret:shop/db#user":"shop","`+arnOfShared+`:a::":"far","key:port?default=5432":"1"},
		"missing":["secret:shop/db#none?optional","key:gone?default=a=b&c?d"],"hint":"it is a JSON object with 2 other keys"}`))
	environment := p.settings("A=piggy:password", "B=piggy:secret:shop/db#user\n", "C=piggy:"+arnOfShared+":a::", "D=piggy:key:port?default=5432",
		"E=piggy:secret:shop/db#none?optional", "F=piggy:key:gone?default=a=b&c?d", "G=<m>piggy:secret:shop/db#user</m>@<m>piggy:key:gone?default=a=b&c?d</m>",
		"H=x<m>piggy:secret:shop/db#none?optional</m>")
	if code := c.launch(environment, "application", "$(F)", "$(E)"); code != 0 || c.stderr.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
	c.expectEnvironment("A="+canary, "B=shop", "C=far", "D=1", "F=a=b&c?d", "G=shop@a=b&c?d", "H=x$(E)")
	if argv := c.facts().Argv; !slices.Equal(argv, []string{"application", "a=b&c?d", "$(E)"}) {
		t.Errorf("argv is %q", argv)
	}
	asked := []string{"→" + arnOfShared + ":a::", "→key:gone?default=a=b&c?d", "→key:port?default=5432", "password",
		"→secret:shop/db#none?optional", "→secret:shop/db#user"}
	if got := p.asked()[0].References; !slices.Equal(got, references(asked)) {
		t.Errorf("asked for %q", got)
	}
}

func TestAFailureOfOneSourceNamesTheVariable(t *testing.T) {
	cases := map[string]struct {
		settings []string
		answer   string
		texts    []string
	}{
		"of a secret that is named": {[]string{"B=piggy:secret:shop/gone#b?stage=AWSPREVIOUS"},
			`{"code":"secret_not_found","message":"piggy:secret:shop/gone#b: secret shop/gone does not exist"}`,
			[]string{"variable B: POST https://", "404 secret_not_found: piggy:secret:shop/gone#b: secret shop/gone does not exist"}},
		"of the Pod's own": {[]string{"B=piggy:secret:shop/db#b"}, `{"code":"secret_not_found","message":"piggy:password: secret shop/api does not exist"}`,
			[]string{"variable A: POST https://", "404 secret_not_found: piggy:password: secret"}},
		"by a provider that knows keys only": {[]string{"B=piggy:secret:shop/db#b"},
			`{"code":"invalid_request","message":"the request needs \"references\", a list of 500 texts at most"}`,
			[]string{"400 invalid_request: the request needs", "(a provider of an older version knows keys only, and not piggy:secret:shop/db#b)"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			status := 404
			if strings.Contains(c.answer, "invalid_request") {
				status = 400
			}
			p := startProvider(t, answer(status, c.answer))
			code := in.launch(p.settings(append(c.settings, "A=piggy:password")...), "application")
			in.expectFailure(code, 125, c.texts...)
		})
	}
}

func TestAReferenceThatMeansNothingIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	cases := map[string]struct{ reference, text string }{
		"a name that AWS does not take": {"secret:shop db#a", `variable A (piggy:secret:shop db#a): what stands behind "secret:" is neither the name nor the ARN of a secret`},
		"an option that does not exist": {"secret:shop/db#a?region=x", "it has an option that does not exist here (there are stage, version, optional, default=)"},
		"an ARN of another service":     {"arn:aws:s3:::bucket", "it is the ARN of neither a secret nor a parameter; a key that begins so is written piggy:key:arn:…"},
		"a key that is not escaped":     {"key:100%", `"%" itself is %25`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			p := startProvider(t, values(t))
			code := in.launch(p.settings("A=piggy:"+c.reference), "application")
			in.expectFailure(code, 125, c.text)
			if len(p.asked()) != 0 {
				t.Error("the provider was asked")
			}
		})
	}
	t.Run("more sources than there may be", func(t *testing.T) {
		in := newContainer(t)
		p := startProvider(t, values(t))
		environment := p.settings("A=piggy:k")
		for i := range 20 {
			environment = append(environment, fmt.Sprintf("B%d=piggy:secret:shop/%d#a", i, i))
		}
		code := in.launch(environment, "application")
		in.expectFailure(code, 125, "the container refers to 21 secrets and parameters, and 20 are the most")
	})
}

func TestStandaloneReferencesMayNameTheirSource(t *testing.T) {
	own, _, _ := createSecret(t, `{"k":"`+canary+`"}`)
	name, arn, old := createSecret(t, `{"user":"old"}`)
	tell(t, "secretsmanager.PutSecretValue", map[string]any{"SecretId": name, "SecretString": `{"user":"new","hosts":["h0","h1"]}`, "ClientRequestToken": randomUUID()})
	path := "/shop/" + rand.Text()
	for _, value := range []string{"first", "second"} {
		tell(t, "ssm.PutParameter", map[string]any{"Name": path + "/url", "Type": "SecureString", "Value": value, "Overwrite": true})
	}
	tell(t, "ssm.PutParameter", map[string]any{"Name": path + "/config", "Type": "String", "Value": `{"port":5432}`})
	c := newStandaloneContainer(t)
	c.giveIdentity()
	references := []string{"A=piggy:k", "B=piggy:secret:" + name + "#hosts.1", "C=piggy:" + arn + ":user:AWSPREVIOUS:", "D=piggy:" + arn + ":user::" + old,
		"E=piggy:parameter:" + path + "/url", "F=piggy:parameter:" + path + "/url?version=1", "G=piggy:parameter:" + path + "/config#port",
		"H=piggy:parameter:" + path + "/gone?default=none", "I=piggy:secret:shop/absent#x?optional", "J=piggy:key:gone?default=5"}
	own2 := identity(moto(t))
	if code := c.launch(slices.Concat(standaloneSettings(own), references, own2), "application"); code != 0 || c.stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(own2, "A="+canary, "B=h1", "C=old", "D=old", "E=second", "F=first", "G=5432", "H=none", "J=5")...)
}

func TestStandaloneNamesTheVariableOfASourceThatFails(t *testing.T) {
	own, _, _ := createSecret(t, `{"k":"`+canary+`"}`)
	path := "/shop/" + rand.Text()
	tell(t, "ssm.PutParameter", map[string]any{"Name": path + "/url", "Type": "String", "Value": canary})
	tell(t, "ssm.PutParameter", map[string]any{"Name": path + "/PIGGY_ALLOWED_SA", "Type": "String", "Value": "shop:web"})
	cases := map[string]struct{ reference, text string }{
		"that is not there":                     {"secret:shop/absent#x", "variable B: piggy:secret:shop/absent#x: secretsmanager:GetSecretValue of secret shop/absent"},
		"whose list does not name this account": {"parameter:" + path + "/url", "variable B: piggy:parameter:" + path + "/url: service_account_not_allowed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newStandaloneContainer(t)
			in.giveIdentity()
			code := in.launch(slices.Concat(standaloneSettings(own), identity(moto(t)), []string{"A=piggy:k", "B=piggy:" + c.reference}), "application")
			in.expectFailure(code, 125, c.text)
		})
	}
}

func TestAllKeysOfASourceBecomeVariables(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, answer(200, `{"values":{"user":"explicit","all:.?prefix=DB_":"{\"password\":\"`+canary+`\",\"user\":\"db\"}",
		"all:secret:shop/a":"{\"A\":\"a\",\"B\":\"a\",\"HERE\":\"a\",\"GONE\":\"a\"}","all:secret:shop/b":"{\"B\":\"b\"}"},
		"missing":["all:secret:shop/gone?optional","gone?x"],"hint":"it is empty"}`))
	environment := p.settings("PIGGY_ENV_FROM=.?prefix=DB_, secret:shop/a,secret:shop/b, secret:shop/gone?optional", "DB_user=piggy:user", "HERE=own")
	if code := c.launch(environment, "application", "$(A)"); code != 0 || c.stderr.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, c.stderr.String())
	}
	c.expectEnvironment("DB_user=explicit", "HERE=own", "A=a", "B=b", "DB_password="+canary, "GONE=a")
	asked := []string{"→all:.?prefix=DB_", "→all:secret:shop/a", "→all:secret:shop/b", "→all:secret:shop/gone?optional", "user"}
	if got := p.asked()[0].References; !slices.Equal(got, references(asked)) {
		t.Errorf("asked for %q", got)
	}
}

func TestAllKeysThatCannotBeVariablesFailTheStart(t *testing.T) {
	keys := func(text string) string { return fmt.Sprintf(`{"values":{"all:secret:shop/a":%q},"missing":[]}`, text) }
	none := `{"values":{},"missing":["all:secret:shop/a"],"hint":"it is plain text without keys"}`
	cases := map[string]struct {
		answer   string
		settings []string
		text     string // empty: it starts
	}{
		"a name that loads a library":             {keys(`{"LD_PRELOAD":"` + canary + `"}`), nil, `annotation piggysec.com/env-from: "secret:shop/a": a key would set the variable LD_*, which decides`},
		"although what is missing is passed over": {keys(`{"PATH":"/x"}`), []string{"PIGGY_IGNORE_NO_ENV=true"}, "the variable PATH, which"},
		"one that is allowed":                     {keys(`{"JAVA_OPTS":"x"}`), []string{"PIGGY_ENV_FROM_MAY_SET=JAVA_OPTS"}, ""},
		"no name":                                 {keys(`{"a b":"x"}`), nil, `"secret:shop/a": 1 of its 1 keys make no name of a variable`},
		"no name, passed over":                    {keys(`{"a b":"x"}`), []string{"PIGGY_IGNORE_NO_ENV=true"}, ""},
		"no keys":                                 {none, nil, `"secret:shop/a": it has no keys; it is plain text without keys; or set the annotation`},
		"no keys, passed over":                    {none, []string{"PIGGY_IGNORE_NO_ENV=true"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := newContainer(t)
			p := startProvider(t, answer(200, c.answer))
			code := in.launch(append(p.settings("PIGGY_ENV_FROM=secret:shop/a"), c.settings...), "/bin/application")
			if c.text == "" {
				if code != 0 {
					t.Errorf("exit code %d: %s", code, in.stderr.String())
				}
				return
			}
			in.expectFailure(code, 125, c.text)
		})
	}
	t.Run("the source is not there", func(t *testing.T) {
		in := newContainer(t)
		p := startProvider(t, answer(404, `{"code":"secret_not_found","message":"piggy:all:secret:shop/a: secret shop/a does not exist"}`))
		code := in.launch(p.settings("PIGGY_ENV_FROM=secret:shop/a?optional"), "application")
		in.expectFailure(code, 125, "annotation piggysec.com/env-from: POST https://", "piggy:all:secret:shop/a: secret shop/a does not exist")
	})
	t.Run("a variable asks for them", func(t *testing.T) {
		in := newContainer(t)
		p := startProvider(t, values(t))
		code := in.launch(p.settings("PIGGY_ENV_FROM=secret:shop/a", "A=piggy:all:secret:shop/a"), "application")
		in.expectFailure(code, 125, "variable A (piggy:all:secret:shop/a): all keys are no value of a variable")
		if len(p.asked()) != 0 {
			t.Error("the provider was asked")
		}
	})
}

func TestStandaloneAllKeysBecomeVariables(t *testing.T) {
	own, _, _ := createSecret(t, `{"k":"`+canary+`","PIGGY_X":"x"}`)
	_, arn, _ := createSecret(t, `{"port":5432,"k":"other"}`)
	path := "/shop/" + rand.Text()
	tell(t, "ssm.PutParameter", map[string]any{"Name": path + "/config", "Type": "String", "Value": `{"url":"http://1"}`})
	c := newStandaloneContainer(t)
	c.giveIdentity()
	list := "PIGGY_ENV_FROM=., " + arn + ", parameter:" + path + "/config?prefix=C_, secret:shop/absent?optional"
	own2 := identity(moto(t))
	if code := c.launch(slices.Concat(standaloneSettings(own), []string{list}, own2), "application"); code != 0 || c.stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(append(own2, "k=other", "port=5432", "C_url=http://1")...)
}
