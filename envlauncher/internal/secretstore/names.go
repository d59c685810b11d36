// What AWS takes as the name, ARN and version of a secret, as parameter path and region: as provider/aws-names.ts does,
// testdata/aws-names.json is run by both.

package secretstore

import (
	"regexp"
	"unicode/utf8"
)

const (
	nameCharacter = `[A-Za-z0-9/_+=.@!-]` // "!" is in the names of secrets that AWS services own
	namePattern   = `^` + nameCharacter + `{1,512}$`
	// "-" and six characters of AWS stand behind the name, and may be left out.
	arnPattern    = `^arn:aws[a-z-]{0,20}:secretsmanager:([a-z0-9-]{1,50}):[0-9]{12}:secret:` + nameCharacter + `{1,519}$`
	regionPattern = `^[a-z]{2,7}(-[a-z0-9]{1,12}){1,3}-[0-9]{1,3}$` // it becomes part of a host name
	pathPattern   = `^/([A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?)?$`
	maxPathLength = 2048
	// A version id, or a staging label: any text.
	versionPattern = `^\P{Cc}{1,256}$`
)

func isSecretName(text string) bool { return matches(namePattern, text) }

// regionOfARN returns the region in the ARN of a secret, as it stands there; empty for what is no such ARN.
func regionOfARN(text string) string {
	parts := regexp.MustCompile(arnPattern).FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	return parts[1]
}

func isRegion(text string) bool { return matches(regionPattern, text) }

func isParameterPath(text string) bool {
	return len(text) <= maxPathLength && matches(pathPattern, text)
}

func isVersion(text string) bool { return matches(versionPattern, text) }

// mayBeVersionID tells by the length: SDKs choose a UUID, Terraform "terraform-" and 26 digits. A label may be as long.
func mayBeVersionID(text string) bool {
	length := utf8.RuneCountInString(text)
	return isVersion(text) && length >= 32 && length <= 64
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
