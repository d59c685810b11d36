// Package awsnames says what AWS takes as the name, ARN and version of a secret or parameter, as parameter path and region: as
// provider/aws-names.ts does, testdata/aws-names.json is run by both. There is no regexp in it, which the default binary would
// be 0.3 MB larger by.
package awsnames

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxPathLength = 2048

// IsSecretName: "!" is in the names of secrets that AWS services own.
func IsSecretName(text string) bool {
	return consistsOf(text, 1, 512, isNameCharacter)
}

// IsSecretID: a name, or an ARN.
func IsSecretID(text string) bool {
	return IsSecretName(text) || IsRegion(RegionOfSecretARN(text))
}

// RegionOfSecretARN returns the region in the ARN of a secret, as it stands there; empty for what is no such ARN. "-" and
// six characters of AWS stand behind the name, and may be left out.
func RegionOfSecretARN(text string) string {
	fields := strings.SplitN(text, ":", 7)
	isARN := len(fields) == 7 && isARNOf("secretsmanager", fields) && isAccount(fields[4]) && fields[5] == "secret" &&
		consistsOf(fields[6], 1, 519, isNameCharacter)
	if !isARN {
		return ""
	}
	return fields[3]
}

// IsRegion: it becomes part of a host name, so nothing but a region may pass.
func IsRegion(text string) bool {
	parts := strings.Split(text, "-")
	last := len(parts) - 1
	if last < 2 || last > 4 || !consistsOf(parts[0], 2, 7, isLower) || !consistsOf(parts[last], 1, 3, isDigit) {
		return false
	}
	for _, part := range parts[1:last] {
		if !consistsOf(part, 1, 12, func(c byte) bool { return isLower(c) || isDigit(c) }) {
			return false
		}
	}
	return true
}

// IsParameterPath: all parameters below it.
func IsParameterPath(text string) bool {
	if len(text) > maxPathLength || !strings.HasPrefix(text, "/") {
		return false
	}
	return text == "/" || areSegments(strings.TrimSuffix(text[1:], "/"))
}

// IsParameterName: one parameter. At the root of all, a name may stand without its "/".
func IsParameterName(text string) bool {
	if len(text) > maxPathLength {
		return false
	}
	if rest, isPath := strings.CutPrefix(text, "/"); isPath {
		return areSegments(rest)
	}
	return areSegments(text) && !strings.Contains(text, "/")
}

// RegionOfParameterARN is empty for what is no ARN of a parameter. Those of AWS itself, under /aws/, are in no account.
func RegionOfParameterARN(text string) string {
	fields := strings.SplitN(text, ":", 6)
	if len(text) > maxPathLength || len(fields) != 6 || !isARNOf("ssm", fields) || fields[4] != "" && !isAccount(fields[4]) {
		return ""
	}
	name, isParameter := strings.CutPrefix(fields[5], "parameter/")
	if !isParameter || !areSegments(name) || !IsRegion(fields[3]) {
		return ""
	}
	return fields[3]
}

// IsParameterLabel: a label of a parameter's version.
func IsParameterLabel(text string) bool {
	return consistsOf(text, 1, 100, isPathCharacter) && !isDigit(text[0])
}

// IsParameterVersion: a number from 1 on.
func IsParameterVersion(text string) bool {
	return consistsOf(text, 1, 18, isDigit) && text[0] != '0'
}

// IsVersion: a version id, or a staging label, which is any text.
func IsVersion(text string) bool {
	length := utf8.RuneCountInString(text)
	return length >= 1 && length <= 256 && !strings.ContainsFunc(text, unicode.IsControl)
}

// MayBeVersionID tells by the length: SDKs choose a UUID, Terraform "terraform-" and 26 digits. A label may be as long.
func MayBeVersionID(text string) bool {
	length := utf8.RuneCountInString(text)
	return IsVersion(text) && length >= 32 && length <= 64
}

func isARNOf(service string, fields []string) bool {
	partition, isAWS := strings.CutPrefix(fields[1], "aws")
	return fields[0] == "arn" && isAWS && consistsOf(partition, 0, 20, func(c byte) bool { return isLower(c) || c == '-' }) &&
		fields[2] == service && consistsOf(fields[3], 1, 50, func(c byte) bool { return isLower(c) || isDigit(c) || c == '-' })
}

func isAccount(text string) bool { return consistsOf(text, 12, 12, isDigit) }

func areSegments(text string) bool {
	for segment := range strings.SplitSeq(text, "/") {
		if !consistsOf(segment, 1, maxPathLength, isPathCharacter) {
			return false
		}
	}
	return true
}

func consistsOf(text string, least, most int, accepts func(byte) bool) bool {
	for i := range len(text) {
		if !accepts(text[i]) {
			return false
		}
	}
	return len(text) >= least && len(text) <= most
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isPathCharacter(c byte) bool {
	return isLower(c) || 'A' <= c && c <= 'Z' || isDigit(c) || c == '_' || c == '.' || c == '-'
}

func isNameCharacter(c byte) bool {
	return isPathCharacter(c) || strings.IndexByte("/+=@!", c) >= 0
}
