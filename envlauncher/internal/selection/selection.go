// Package selection is what a source has for the keys that it was asked for.
package selection

// Selection has a value for each key that exists.
type Selection struct {
	Values map[string]string
	// Hint says why others have none, and what to do. It tells nothing of the secret, and is empty where the source says nothing.
	Hint string
}
