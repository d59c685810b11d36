package secretstore

import (
	"strings"
	"testing"
)

const (
	arn       = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/api-AbCdEf"
	versionID = "01234567-89ab-cdef-0123-456789abcdef"
)

func TestParseSource(t *testing.T) {
	cases := map[string]struct {
		settings Settings
		expected Source
	}{
		"a name":                              {Settings{SecretID: "shop/api", Region: "eu-west-1"}, Source{SecretID: "shop/api", VersionStage: Current, Region: "eu-west-1"}},
		"the Pod's own region":                {Settings{SecretID: "shop/api", DefaultRegion: "us-gov-west-1"}, Source{SecretID: "shop/api", VersionStage: Current, Region: "us-gov-west-1"}},
		"the chosen region beats it":          {Settings{SecretID: "s", Region: "eu-west-1", DefaultRegion: "us-east-1"}, Source{SecretID: "s", VersionStage: Current, Region: "eu-west-1"}},
		"the region of an ARN beats it":       {Settings{SecretID: arn, DefaultRegion: "us-east-1"}, Source{SecretID: arn, VersionStage: Current, Region: "eu-west-1"}},
		"AWS_CURRENT is AWSCURRENT":           {Settings{SecretID: "s", Version: "AWS_CURRENT", Region: "eu-west-1"}, Source{SecretID: "s", VersionStage: Current, Region: "eu-west-1"}},
		"a staging label":                     {Settings{SecretID: "s", Version: "AWSPREVIOUS", Region: "eu-west-1"}, Source{SecretID: "s", VersionStage: "AWSPREVIOUS", Region: "eu-west-1"}},
		"a version id":                        {Settings{SecretID: "s", Version: versionID, Region: "eu-west-1"}, Source{SecretID: "s", VersionID: versionID, Region: "eu-west-1"}},
		"an id of Terraform":                  {Settings{SecretID: "s", Version: "terraform-20240131235959012300000001", Region: "eu-west-1"}, Source{SecretID: "s", VersionID: "terraform-20240131235959012300000001", Region: "eu-west-1"}},
		"a staging label of words":            {Settings{SecretID: "s", Version: "before the move", Region: "eu-west-1"}, Source{SecretID: "s", VersionStage: "before the move", Region: "eu-west-1"}},
		"a secret that RDS owns":              {Settings{SecretID: "rds!db-1", Region: "eu-west-1"}, Source{SecretID: "rds!db-1", VersionStage: Current, Region: "eu-west-1"}},
		"a parameter path":                    {Settings{ParameterPath: "/shop/api", Region: "eu-west-1"}, Source{ParameterPath: "/shop/api", Region: "eu-west-1"}},
		"a parameter path with a final slash": {Settings{ParameterPath: "/shop/api/", Region: "eu-west-1"}, Source{ParameterPath: "/shop/api", Region: "eu-west-1"}},
		"all parameters":                      {Settings{ParameterPath: "/", Region: "eu-west-1"}, Source{ParameterPath: "/", Region: "eu-west-1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSource(c.settings)
			if err != nil || got != c.expected {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestParseSourceRefuses(t *testing.T) {
	cases := map[string]struct {
		settings Settings
		text     string
	}{
		"two sources":                   {Settings{SecretID: "s", ParameterPath: "/p", Region: "eu-west-1"}, "exclude each other"},
		"no source":                     {Settings{Region: "eu-west-1"}, `aws-secret-name: "" is neither`},
		"an ARN of another service":     {Settings{SecretID: "arn:aws:ssm:eu-west-1:123456789012:parameter/x"}, "aws-secret-name"},
		"a name with a space":           {Settings{SecretID: "shop api", Region: "eu-west-1"}, `"shop api" is neither`},
		"an ARN of another region":      {Settings{SecretID: arn, Region: "us-east-1"}, `aws-region: "us-east-1" is not the region of ` + arn + `; set "eu-west-1"`},
		"an ARN of a region that is no": {Settings{SecretID: strings.Replace(arn, "eu-west-1", "eu-west", 1)}, `"eu-west" is not the name of an AWS region`},
		"no region":                     {Settings{SecretID: "s"}, "no AWS region"},
		"a region that is a host":       {Settings{SecretID: "s", Region: "evil.example/#"}, `"evil.example/#" is not the name of an AWS region`},
		"a version that is none":        {Settings{SecretID: "s", Region: "eu-west-1", Version: "a\nb"}, `aws-secret-version: "a\nb" is neither`},
		"a path without a slash":        {Settings{ParameterPath: "shop", Region: "eu-west-1"}, `aws-ssm-parameter-path: "shop" is not a path`},
		"a path that is too long":       {Settings{ParameterPath: "/" + strings.Repeat("x", 3000), Region: "eu-west-1"}, "…"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSource(c.settings)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %+v, %v, expected %q", got, err, c.text)
			}
		})
	}
}
