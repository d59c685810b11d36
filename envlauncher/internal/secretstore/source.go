// Which secret the settings point at, and in which region it is.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

package secretstore

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"piggysec.com/envlauncher/internal/awsnames"
	"piggysec.com/envlauncher/internal/reference"
)

// Current is the stage of the version that counts.
const Current = reference.Current

// Settings are as admission wrote them; an empty text is a setting that is not set.
type Settings struct {
	SecretID, Version, ParameterPath, Region string
	// DefaultRegion is the Pod's own.
	DefaultRegion string
}

// Source is a secret, a parameter path or a parameter.
type Source struct {
	SecretID string
	// VersionID is a version id, or a staging label that is as long as one: it is asked for as an id, and as a label where
	// there is no such id.
	VersionID     string
	VersionStage  string // in place of VersionID
	IsOnlyID      bool   // VersionID is no label
	ParameterPath string // in place of a secret
	Parameter     string // name or ARN, in place of a secret
	Selector      string // of a parameter, as AWS takes it behind the name
	Region        string
}

// Resource names the source for people.
func (s Source) Resource() string {
	if s.ParameterPath != "" {
		return "parameter path " + s.ParameterPath
	}
	if s.Parameter != "" {
		return "parameter " + s.Parameter + s.Selector
	}
	return "secret " + s.SecretID
}

// Locate says where what a reference names is: an ARN says its region itself, and a name is in that of the settings.
func Locate(named reference.Source, settings Settings) (Source, error) {
	region := cmp.Or(awsnames.RegionOfSecretARN(named.Secret), awsnames.RegionOfParameterARN(named.Parameter), settings.Region, settings.DefaultRegion)
	region, err := parseRegion(region)
	return Source{
		SecretID: named.Secret, VersionID: named.VersionID, VersionStage: named.Stage, IsOnlyID: named.VersionID != "",
		Parameter: named.Parameter, Selector: named.Selector, Region: region,
	}, err
}

// ParseSource refuses what is no source, with the name and the value of the annotation.
func ParseSource(settings Settings) (Source, error) {
	switch {
	case settings.SecretID != "" && settings.ParameterPath != "":
		return Source{}, errors.New("annotations piggysec.com/aws-secret-name and piggysec.com/aws-ssm-parameter-path exclude each other; remove one")
	case settings.ParameterPath != "" && settings.Version != "":
		return Source{}, errors.New("annotation piggysec.com/aws-secret-version does not apply to a parameter path, whose parameters are read in their latest version; remove it")
	case settings.ParameterPath != "":
		return parseParameterSource(settings)
	}
	return parseSecretSource(settings)
}

func parseParameterSource(settings Settings) (Source, error) {
	path := settings.ParameterPath
	if !awsnames.IsParameterPath(path) {
		return Source{}, invalid("aws-ssm-parameter-path", path, `is not a path such as "/shop/api"`)
	}
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	region, err := parseRegion(cmp.Or(settings.Region, settings.DefaultRegion))
	return Source{ParameterPath: path, Region: region}, err
}

func parseSecretSource(settings Settings) (Source, error) {
	ownRegion := awsnames.RegionOfSecretARN(settings.SecretID)
	if ownRegion == "" && !awsnames.IsSecretName(settings.SecretID) {
		return Source{}, invalid("aws-secret-name", settings.SecretID, "is neither the name nor the ARN of a secret")
	}
	region, err := parseRegion(cmp.Or(settings.Region, ownRegion, settings.DefaultRegion))
	if err != nil {
		return Source{}, err
	}
	if ownRegion != "" && region != ownRegion {
		return Source{}, invalid("aws-region", region, fmt.Sprintf("is not the region of %s; set %q", settings.SecretID, ownRegion))
	}
	source := Source{SecretID: settings.SecretID, Region: region}
	switch version := settings.Version; {
	// AWS_CURRENT is what other tools have documented.
	case version == "" || version == "AWS_CURRENT":
		source.VersionStage = Current
	case awsnames.MayBeVersionID(version):
		source.VersionID = version
	case awsnames.IsVersion(version):
		source.VersionStage = version
	default:
		return Source{}, invalid("aws-secret-version", version, "is neither a version id nor a staging label")
	}
	return source, nil
}

func parseRegion(region string) (string, error) {
	if region == "" {
		return "", errors.New("no AWS region: set annotation piggysec.com/aws-region or the setting AWS_REGION")
	}
	if !awsnames.IsRegion(region) {
		return "", invalid("aws-region", region, "is not the name of an AWS region")
	}
	return region, nil
}

func invalid(annotation, text, problem string) error {
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return fmt.Errorf("annotation piggysec.com/%s: %q %s", annotation, text, problem)
}
