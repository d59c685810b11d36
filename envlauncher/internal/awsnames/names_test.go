package awsnames

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// texts are sentences, each with a text, or with a long one in short.
type texts map[string]json.RawMessage

func spell(t *testing.T, written json.RawMessage) string {
	t.Helper()
	var text string
	if json.Unmarshal(written, &text) == nil {
		return text
	}
	var long struct {
		Start, Repeat, End string
		Times              int
	}
	if err := json.Unmarshal(written, &long); err != nil || long.Repeat == "" {
		t.Fatalf("%s is no text: %v", written, err)
	}
	return long.Start + strings.Repeat(long.Repeat, long.Times) + long.End
}

func TestNamesAreThoseThatAWSTakes(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/aws-names.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]struct{ Valid, Invalid texts }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]func(string) bool{
		"secretName":       IsSecretName,
		"secretArn":        func(text string) bool { return IsRegion(RegionOfSecretARN(text)) },
		"region":           IsRegion,
		"parameterPath":    IsParameterPath,
		"parameterName":    IsParameterName,
		"parameterArn":     func(text string) bool { return RegionOfParameterARN(text) != "" },
		"parameterLabel":   IsParameterLabel,
		"parameterVersion": IsParameterVersion,
		"version":          IsVersion,
		"versionId":        MayBeVersionID,
	}
	for kind, accepts := range kinds {
		if len(vectors[kind].Valid) == 0 || len(vectors[kind].Invalid) == 0 {
			t.Fatalf("there are no texts for %s", kind)
		}
		for expected, rows := range map[bool]texts{true: vectors[kind].Valid, false: vectors[kind].Invalid} {
			for name, written := range rows {
				if text := spell(t, written); accepts(text) != expected {
					t.Errorf("%s: %s: %q: got %v", kind, name, text, !expected)
				}
			}
		}
	}
}
