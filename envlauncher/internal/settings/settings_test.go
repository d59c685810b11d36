package settings

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func parse(variables map[string]string) (Settings, error) {
	return Parse(func(name string) string { return variables[name] })
}

func TestParse(t *testing.T) {
	cases := map[string]struct {
		variables map[string]string
		expected  Settings
	}{
		"nothing set means the defaults": {nil, Settings{TokenFile: defaultTokenFile}},
		"everything set": {
			map[string]string{
				"PIGGY_UID": "u", "PIGGY_ADDRESS": "https://p", "PIGGY_CA": "pem", "PIGGY_MARK": "m", "PIGGY_TOKEN_FILE": "/t",
				"PIGGY_STANDALONE": "true", "PIGGY_DEBUG": "true", "PIGGY_IGNORE_NO_ENV": "true", "PIGGY_INITIAL_DELAY": "1m30s",
				"PIGGY_NUMBER_OF_RETRY": "4", "PIGGY_DNS_RESOLVER": "tcp", "PIGGY_SKIP_VERIFY_TLS": "true",
			},
			Settings{UID: "u", Address: "https://p", CA: "pem", TokenFile: "/t", Mark: "m", Standalone: true, Debug: true,
				IgnoreNoEnv: true, InitialDelay: 90 * time.Second, Tries: 5, ResolverNetwork: "tcp", SkipVerifyTLS: true},
		},
		"in standalone mode, what the provider would read": {
			map[string]string{
				"PIGGY_STANDALONE": "true", "PIGGY_AWS_SECRET_NAME": "shop/api", "PIGGY_AWS_SECRET_VERSION": "AWSPREVIOUS", "PIGGY_AWS_REGION": "eu-west-1",
				"PIGGY_AWS_SSM_PARAMETER_PATH": "/shop", "PIGGY_SERVICE_ACCOUNT": "shop:api", "PIGGY_ENFORCE_SERVICE_ACCOUNT": "true",
			},
			Settings{TokenFile: defaultTokenFile, Standalone: true, SecretName: "shop/api", SecretVersion: "AWSPREVIOUS", Region: "eu-west-1",
				ParameterPath: "/shop", ServiceAccount: "shop:api", EnforceServiceAccount: true},
		},
		"no retry is one try":             {map[string]string{"PIGGY_NUMBER_OF_RETRY": "0"}, Settings{TokenFile: defaultTokenFile, Tries: 1}},
		"false is false":                  {map[string]string{"PIGGY_SKIP_VERIFY_TLS": "false", "PIGGY_DEBUG": "false"}, Settings{TokenFile: defaultTokenFile}},
		"what the provider reads is free": {map[string]string{"PIGGY_ENFORCE_INTEGRITY": "maybe", "PIGGY_ENFORCE_SERVICE_ACCOUNT": "maybe"}, Settings{TokenFile: defaultTokenFile}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parse(c.variables)
			if err != nil || !reflect.DeepEqual(got, c.expected) {
				t.Errorf("got %+v, %v, expected %+v", got, err, c.expected)
			}
		})
	}
}

func TestParseRefusesWhatDoesNotParse(t *testing.T) {
	refused := map[string][]string{
		"PIGGY_STANDALONE":      {"yes", "True", "1", " true", "on"},
		"PIGGY_DEBUG":           {"yes"},
		"PIGGY_IGNORE_NO_ENV":   {"no", "FALSE"},
		"PIGGY_SKIP_VERIFY_TLS": {"yes"},
		"PIGGY_INITIAL_DELAY":   {"5", "soon", "-1s", "1 s", "1d"},
		"PIGGY_NUMBER_OF_RETRY": {"-1", "1.5", "many", "+1", " 1", "99999999999999999999"},
		"PIGGY_DNS_RESOLVER":    {"unix", "TCP", "8.8.8.8"},
	}
	for name, texts := range refused {
		for _, text := range texts {
			t.Run(name+" "+text, func(t *testing.T) {
				_, err := parse(map[string]string{name: text})
				if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), text) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestEveryVariableThatIsReadIsOneThatTheApplicationDoesNotGet(t *testing.T) {
	Parse(func(name string) string {
		if !slices.Contains(Names(), name) {
			t.Errorf("%s is read and left to the application", name)
		}
		return map[string]string{"PIGGY_STANDALONE": "true"}[name]
	})
}

func TestParseNamesEveryMistake(t *testing.T) {
	_, err := parse(map[string]string{"PIGGY_DEBUG": "yes", "PIGGY_INITIAL_DELAY": "5"})
	if err == nil || !strings.Contains(err.Error(), "PIGGY_DEBUG") || !strings.Contains(err.Error(), "PIGGY_INITIAL_DELAY") {
		t.Errorf("got %v", err)
	}
}
