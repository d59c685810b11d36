// Package settings reads what admission told the launcher, through variables of the container.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultTokenFile is where the kubelet puts the token.
const defaultTokenFile = "/var/run/secrets/piggysec.com/token"

// Settings are the launcher's own; they hold nothing of the application's.
type Settings struct {
	UID             string
	Address         string
	CA              string // PEM
	SkipVerifyTLS   bool
	ResolverNetwork string // of the Go resolver; empty = its own choice
	InitialDelay    time.Duration
	Tries           int // 0 = as many as fit
	TokenFile       string
	Mark            string // delimits what the kubelet put in for $(NAME)
	IgnoreNoEnv     bool
	Debug           bool
	EnvFrom         string // sources of which all keys are wanted
	EnvFromMaySet   string // names that these may set all the same

	// Standalone means: ask AWS itself. What follows counts only then; otherwise the provider reads it.
	Standalone            bool
	SecretName            string // name or ARN
	SecretVersion         string
	ParameterPath         string // in place of a secret
	Region                string
	ServiceAccount        string // namespace:name
	EnforceServiceAccount bool
}

// Names are the variables that admission adds to a container, all of which the application does not get. An
// application may have variables of its own that begin with PIGGY_.
func Names() []string {
	return []string{
		"PIGGY_UID", "PIGGY_ADDRESS", "PIGGY_CA", "PIGGY_TOKEN_FILE", "PIGGY_MARK",
		"PIGGY_AWS_SECRET_NAME", "PIGGY_AWS_SECRET_VERSION", "PIGGY_AWS_REGION", "PIGGY_AWS_SSM_PARAMETER_PATH",
		"PIGGY_STANDALONE", "PIGGY_DEBUG", "PIGGY_IGNORE_NO_ENV", "PIGGY_INITIAL_DELAY", "PIGGY_NUMBER_OF_RETRY",
		"PIGGY_ENV_FROM", "PIGGY_ENV_FROM_MAY_SET", "PIGGY_SERVICE_ACCOUNT", "PIGGY_DNS_RESOLVER", "PIGGY_ENFORCE_INTEGRITY", "PIGGY_ENFORCE_SERVICE_ACCOUNT", "PIGGY_SKIP_VERIFY_TLS",
	}
}

// Parse reads the settings; value returns a variable, empty where it is not set. The error names every
// mistake with its value: what does not parse is refused, never read as a default.
func Parse(value func(name string) string) (Settings, error) {
	reader := reader{value: value}
	settings := Settings{
		UID:             value("PIGGY_UID"),
		Address:         value("PIGGY_ADDRESS"),
		CA:              value("PIGGY_CA"),
		SkipVerifyTLS:   reader.boolean("PIGGY_SKIP_VERIFY_TLS"),
		ResolverNetwork: reader.network("PIGGY_DNS_RESOLVER"),
		InitialDelay:    reader.duration("PIGGY_INITIAL_DELAY"),
		Tries:           reader.tries("PIGGY_NUMBER_OF_RETRY"),
		TokenFile:       cmp.Or(value("PIGGY_TOKEN_FILE"), defaultTokenFile),
		Mark:            value("PIGGY_MARK"),
		IgnoreNoEnv:     reader.boolean("PIGGY_IGNORE_NO_ENV"),
		Debug:           reader.boolean("PIGGY_DEBUG"),
		EnvFrom:         value("PIGGY_ENV_FROM"),
		EnvFromMaySet:   value("PIGGY_ENV_FROM_MAY_SET"),
		Standalone:      reader.boolean("PIGGY_STANDALONE"),
	}
	if settings.Standalone {
		settings.SecretName = value("PIGGY_AWS_SECRET_NAME")
		settings.SecretVersion = value("PIGGY_AWS_SECRET_VERSION")
		settings.ParameterPath = value("PIGGY_AWS_SSM_PARAMETER_PATH")
		settings.Region = value("PIGGY_AWS_REGION")
		settings.ServiceAccount = value("PIGGY_SERVICE_ACCOUNT")
		settings.EnforceServiceAccount = reader.boolean("PIGGY_ENFORCE_SERVICE_ACCOUNT")
	}
	return settings, errors.Join(reader.mistakes...)
}

type reader struct {
	value    func(name string) string
	mistakes []error
}

func (r *reader) refuse(name, expected string) {
	r.mistakes = append(r.mistakes, fmt.Errorf("%s is %q, but must be %s", name, r.value(name), expected))
}

func (r *reader) boolean(name string) bool {
	switch r.value(name) {
	case "true":
		return true
	case "false", "":
		return false
	}
	r.refuse(name, `"true" or "false"`)
	return false
}

func (r *reader) duration(name string) time.Duration {
	text := r.value(name)
	if text == "" {
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration < 0 {
		r.refuse(name, `a duration such as "500ms" or "2s"`)
	}
	return duration
}

func (r *reader) tries(name string) int {
	text := r.value(name)
	if text == "" {
		return 0
	}
	retries, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		r.refuse(name, `a whole number such as "0" or "5"`)
	}
	return int(retries) + 1
}

func (r *reader) network(name string) string {
	network := r.value(name)
	known := []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"}
	if network != "" && !slices.Contains(known, network) {
		r.refuse(name, "one of "+strings.Join(known, ", "))
	}
	return network
}
