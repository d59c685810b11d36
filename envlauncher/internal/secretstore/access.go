// Whether this container's service account may have the values. AWS decides by the Pod's role; the secret's own
// allow-list is honoured as well, so that a secret means the same in both modes.

package secretstore

import (
	"fmt"
	"slices"
	"strings"
)

// Reader is who asks.
type Reader struct {
	ServiceAccount string // namespace:name
	// AllowListRequired refuses a secret that says nothing about who may read it.
	AllowListRequired bool
}

// Check refuses a secret whose allow-list does not name the reader; resource names the secret for people.
func (c Content) Check(reader Reader, resource string) error {
	if len(c.AllowLists) == 0 && reader.AllowListRequired {
		return fmt.Errorf("service_account_not_allowed: %s has no %s, which is required; add it with %s",
			resource, AllowList, reader.ServiceAccount)
	}
	for _, list := range c.AllowLists {
		if !names(list, reader.ServiceAccount) {
			return fmt.Errorf("service_account_not_allowed: %s does not allow %q in its %s; its owner can add it there",
				resource, reader.ServiceAccount, AllowList)
		}
	}
	return nil
}

// names looks for whole entries only: by a prefix "shop:api" would admit "shop:api-debug".
func names(list, serviceAccount string) bool {
	entries := strings.Split(list, ",")
	return serviceAccount != "" && slices.ContainsFunc(entries, func(entry string) bool {
		return strings.TrimSpace(entry) == serviceAccount
	})
}
