package signature

import (
	"encoding/json"
	"os"
	"testing"
)

func TestOf(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/signature.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Signatures map[string]struct {
			Argv []string
			Hex  string
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Signatures) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for name, c := range vectors.Signatures {
		t.Run(name, func(t *testing.T) {
			if got := Of(c.Argv); got != c.Hex {
				t.Errorf("got %s, expected %s", got, c.Hex)
			}
		})
	}
}
