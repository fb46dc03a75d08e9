package runbook

import (
	"slices"
	"strings"
)

// Effect says whether something changes what it works on. The words are those of ImpactType in the API model.
type Effect string

const (
	// NonMutating reads, waits or decides.
	NonMutating Effect = "NonMutating"
	// Mutating changes something.
	Mutating Effect = "Mutating"
	// Undetermined cannot be told from the document: a script, a function, a child that nobody showed.
	Undetermined Effect = "Undetermined"
)

// Worse gives the effect to assume when both can happen.
func (e Effect) Worse(other Effect) Effect {
	switch {
	case e == Mutating || other == Mutating:
		return Mutating
	case e == NonMutating && other == NonMutating:
		return NonMutating
	}
	return Undetermined
}

// StepEffect is what one step does.
type StepEffect struct {
	Name, Action string
	// Loop is the loop that the step stands in, "" for the document's own steps.
	Loop   string
	Effect Effect
	// What says in a few words what the step does, such as "calls ec2 StopInstances".
	What string
}

// Effect says what the step does by itself. A child automation is Undetermined, and a loop does the worst of its steps.
func (s Step) Effect() Effect { return (&effects{}).of(s, 0) }

// Effects lists what each step does, in the order of the document, the steps of a loop after the loop. With children, an
// aws:executeAutomation does the worst of what its document does; children may be nil.
func (d *Document) Effects(children Children) []StepEffect {
	e := &effects{children: children, seen: map[childKey]Effect{}}
	return e.list(d.Steps, "")
}

type effects struct {
	children Children
	// seen holds what each child does; while one is looked at, NonMutating, so that a circle adds nothing.
	seen map[childKey]Effect
}

func (e *effects) list(steps []Step, loop string) []StepEffect {
	var out []StepEffect
	for _, s := range steps {
		out = append(out, StepEffect{Name: s.Name, Action: s.Action, Loop: loop, Effect: e.of(s, 0), What: s.what()})
		out = append(out, e.list(s.Steps, s.Name)...)
	}
	return out
}

func (e *effects) of(s Step, depth int) Effect {
	switch s.Action {
	case "aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty":
		return s.apiEffect()
	case "aws:changeInstanceState":
		if only, _ := truth(s.Inputs["CheckStateOnly"]); only {
			return NonMutating
		}
	case "aws:loop":
		return e.worst(s.Steps, depth)
	case "aws:executeAutomation":
		return e.child(s, depth)
	}
	if spec := actionNamed(s.Action); spec != nil {
		return spec.effect
	}
	return Undetermined
}

func (e *effects) worst(steps []Step, depth int) Effect {
	all := NonMutating
	for _, s := range steps {
		all = all.Worse(e.of(s, depth))
	}
	return all
}

func (e *effects) child(s Step, depth int) Effect {
	key, ok := s.childKey()
	if !ok || e.children == nil || depth >= maxChildDepth || len(e.seen) >= maxChildren {
		return Undetermined
	}
	if known, ok := e.seen[key]; ok {
		return known
	}
	d, err := e.children(key.name, key.version)
	if err != nil || d == nil {
		e.seen[key] = Undetermined
		return Undetermined
	}
	e.seen[key] = NonMutating
	e.seen[key] = e.worst(d.Steps, depth+1)
	return e.seen[key]
}

// apiEffect goes by the operation's name, and by DryRun.
func (s Step) apiEffect() Effect {
	service, operation, ok := s.api()
	if !ok {
		return Undetermined
	}
	if dry, _ := truth(s.Inputs["DryRun"]); dry && service == "ec2" {
		return NonMutating
	}
	if Reads(service, operation) {
		return NonMutating
	}
	return Mutating
}

// api gives the service in lower case and the operation as the API reference has it: CreateTags for create_tags. Not ok
// means that they are missing or are known only when the step runs.
func (s Step) api() (service, operation string, ok bool) {
	service, _ = s.Inputs["Service"].(string)
	operation, _ = s.Inputs["Api"].(string)
	if service == "" || operation == "" || len(References([]any{service, operation})) > 0 {
		return "", "", false
	}
	return strings.ToLower(service), pascal(operation), true
}

// readVerbs begin the names of operations that change nothing. Every other one is taken to change something.
var readVerbs = []string{"BatchDescribe", "BatchGet", "Check", "Count", "Decode", "Describe", "Estimate", "Filter", "Get", "Head", "List", "Lookup",
	"Preview", "Query", "Scan", "Search", "Select", "Simulate", "Validate"}

// notReads have a reading name and make something all the same: an identity, a database user, a job.
var notReads = []string{"cognito-identity.GetId", "cognito-identity.GetOpenIdToken", "cognito-identity.GetOpenIdTokenForDeveloperIdentity",
	"redshift.GetClusterCredentials", "sagemaker.GetScalingConfigurationRecommendation"}

// Reads says whether an AWS operation only reads, by its name. Names may have any of boto3's spellings.
func Reads(service, operation string) bool {
	operation = pascal(operation)
	if slices.Contains(notReads, strings.ToLower(service)+"."+operation) {
		return false
	}
	return slices.ContainsFunc(readVerbs, func(verb string) bool {
		rest, ok := strings.CutPrefix(operation, verb)
		return ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z')
	})
}

// pascal turns describe_instances, describe-instances and describeInstances into DescribeInstances.
func pascal(operation string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(operation, func(r rune) bool { return r == '_' || r == '-' || r == ' ' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// truth reads a boolean that may be written as text; known is false for everything else, references included.
func truth(v any) (value, known bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}
