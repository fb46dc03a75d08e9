package policy

import (
	_ "embed" // for the schema
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of policy files, for editors. Parse is stricter: it also checks that
// names exist and are used once, and that the file has nothing hidden in it.
func Schema() []byte { return slices.Clone(schema) }
