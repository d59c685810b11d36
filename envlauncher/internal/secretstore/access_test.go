package secretstore

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		lists    []string
		required bool
		refusal  string
	}{
		"no list":                             {nil, false, ""},
		"no list where one is required":       {nil, true, "secret shop/api has no PIGGY_ALLOWED_SA, which is required; add it with shop:api"},
		"a list with the account":             {[]string{"shop:web, shop:api "}, true, ""},
		"a list without it":                   {[]string{"shop:web"}, false, `secret shop/api does not allow "shop:api" in its PIGGY_ALLOWED_SA`},
		"a longer name":                       {[]string{"shop:api-debug"}, false, "does not allow"},
		"the same name elsewhere":             {[]string{"bank:api"}, false, "does not allow"},
		"an empty list":                       {[]string{""}, false, "does not allow"},
		"two lists of which one has it":       {[]string{"shop:api", "shop:web"}, false, "does not allow"},
		"two lists that have it":              {[]string{"shop:api", "shop:web,shop:api"}, false, ""},
		"a wildcard is no wildcard":           {[]string{"*:*,shop:*"}, false, "does not allow"},
		"letters of the other case are other": {[]string{"Shop:API"}, false, "does not allow"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := Content{AllowLists: c.lists}.Check(Reader{ServiceAccount: "shop:api", AllowListRequired: c.required}, "secret shop/api")
			if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("got %v, expected %q", err, c.refusal)
			}
		})
	}
}

func TestAListAllowsNobodyWhoHasNoName(t *testing.T) {
	for _, list := range []string{"", ",", "shop:api,"} {
		if err := (Content{AllowLists: []string{list}}).Check(Reader{}, "secret"); err == nil {
			t.Errorf("%q allows an account without a name", list)
		}
	}
}
