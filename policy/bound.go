package policy

// Bound is everything that an approval is for. If any of it changes, the approval is void.
type Bound struct {
	Action     Action              `json:"action"`
	Execution  string              `json:"execution"`
	Requester  string              `json:"requester"` // Slack user ID
	Team       string              `json:"team"`
	Channel    string              `json:"channel"`
	Runbook    string              `json:"runbook"`
	Document   string              `json:"document"`
	Version    string              `json:"version"`
	SHA256     string              `json:"sha256"`
	Closure    []Pin               `json:"closure,omitempty"` // children and attachments, in the order of the policy
	Parameters map[string][]string `json:"parameters"`
	Targets    []string            `json:"targets,omitempty"`
	Locations  []Location          `json:"locations,omitempty"`
	Role       string              `json:"role"`
	Region     string              `json:"region"`
	BreakGlass bool                `json:"break_glass,omitempty"`
	Policy     string              `json:"policy"`  // hash of the policy
	Expires    int64               `json:"expires"` // Unix milliseconds
}

// Difference is one thing in which two Bounds differ.
type Difference struct {
	What string `json:"what"` // such as "parameter InstanceId" or "policy"
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// Bound is everything that an approval of this decision is for, or the zero Bound for a no.
func (d Decision) Bound() Bound { return Bound{} }

// Digest is the SHA-256 of the Bound in lower-case hex.
func (b Bound) Digest() string { return "" }

// Diff lists in what is differs from b, in the order of the fields; nil if in nothing.
func (b Bound) Diff(is Bound) []Difference { return nil }
