package cloud

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

func stackOperations() []operation {
	const note = "a stack has parameters and states, but no resources are made; TemplateBody only, no TemplateURL"
	return []operation{
		{name: "cloudformation.CreateStack", run: createStack, note: note + "; outputs that stand on parameters alone"},
		{name: "cloudformation.DeleteStack", run: deleteStack},
		{name: "cloudformation.DescribeStackEvents", run: describeStackEvents, note: "those of the stack itself"},
		{name: "cloudformation.DescribeStacks", run: describeStacks},
		{name: "cloudformation.GetTemplate", run: getTemplate},
		{name: "cloudformation.ListStacks", run: listStacks},
		{name: "cloudformation.UpdateStack", run: updateStack, note: note},
	}
}

// stack is a CloudFormation stack. One that was deleted is found by its ID alone.
type stack struct {
	state
	name, id         string // id is the last part of the ARN
	body             string
	template         *template
	parameters       map[string]string
	tags             map[string]string
	capabilities     []string
	notified         []string
	role, token      string
	protected        bool
	noRollback       bool
	minutes          int64
	created, updated time.Time
	deleted          time.Time
	events           []map[string]any // newest first
}

const (
	stackDeleted   = "DELETE_COMPLETE"
	maxStackEvents = 100
)

var stackPattern = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func (c *Cloud) stackARN(s *stack, region string) string {
	return c.arn("cloudformation", region, "stack/"+s.name+"/"+s.id)
}

// findStack finds a stack by its ARN, or one that is not deleted by its name.
func (c *Cloud) findStack(given string) *stack {
	if strings.HasPrefix(given, "arn:") {
		return c.stacks.items[last(given)]
	}
	for _, s := range c.stacks.all() {
		if s.name == given && s.state.name != stackDeleted {
			return s
		}
	}
	return nil
}

// say writes down an event of the stack.
func (c *Cloud) say(s *stack, status, reason string, now time.Time) {
	event := filled(map[string]any{"EventId": uuid.NewString(), "StackName": s.name, "LogicalResourceId": s.name,
		"ResourceType": "AWS::CloudFormation::Stack",
		"Timestamp":    millis(now), "ResourceStatus": status, "ResourceStatusReason": reason, "ClientRequestToken": s.token})
	s.events = append([]map[string]any{event}, s.events[:min(len(s.events), maxStackEvents-1)]...)
}

// moveStack takes a stack through a state into another.
func (c *Cloud) moveStack(s *stack, through, to string, in request) {
	c.say(s, through, "User Initiated", in.now)
	c.pass(&s.state, through, in.now, c.options.SettleTime, to, func(at time.Time) {
		c.say(s, to, "", at)
		if to == stackDeleted {
			s.deleted, s.body = at, ""
		}
	})
}

// readTemplate checks the template of a request with its parameters.
func (in request) readTemplate(body string, before map[string]string) (*template, map[string]string, error) {
	if in.has("TemplateURL") {
		return nil, nil, in.fail("ValidationError", "The local AWS reads no TemplateURL; give a TemplateBody, or stub cloudformation.%s",
			in.Operation)
	}
	if body == "" {
		return nil, nil, in.fail("ValidationError", "Either Template URL or Template Body must be specified.")
	}
	t, err := parseTemplate(body)
	if err != nil {
		return nil, nil, in.fail("ValidationError", "%s", err)
	}
	if needs := t.capability; needs != "" && !slices.Contains(in.texts("Capabilities"),
		"CAPABILITY_NAMED_IAM") && !slices.Contains(in.texts("Capabilities"), needs) {
		return nil, nil, in.fail("InsufficientCapabilitiesException", "Requires capabilities : [%s]", needs)
	}
	values, err := in.bind(t, before)
	return t, values, err
}

// bind gives the template's parameters their values.
func (in request) bind(t *template, before map[string]string) (map[string]string, error) {
	given := map[string]string{}
	for _, p := range in.list("Parameters") {
		given[p.text("ParameterKey")] = p.text("ParameterValue")
		if p.flag("UsePreviousValue") {
			given[p.text("ParameterKey")] = before[p.text("ParameterKey")]
		}
	}
	values := map[string]string{}
	var missing []string
	for _, p := range t.parameters {
		value, ok := given[p.name]
		delete(given, p.name)
		switch {
		case !ok && !p.optional:
			missing = append(missing, p.name)
		case !ok:
			value = p.value
		case p.allowed != nil && !slices.Contains(p.allowed, value):
			return nil, in.fail("ValidationError", "Parameter '%s' must be one of AllowedValues", p.name)
		}
		values[p.name] = value
	}
	if len(given) > 0 {
		return nil, in.fail("ValidationError", "Parameters: [%s] do not exist in the template",
			brief(strings.Join(slices.Sorted(maps.Keys(given)), ", ")))
	}
	if missing != nil {
		return nil, in.fail("ValidationError", "Parameters: [%s] must have values", brief(strings.Join(missing, ", ")))
	}
	return values, nil
}

func createStack(c *Cloud, in request) (map[string]any, error) {
	name := in.text("StackName")
	if !stackPattern.MatchString(name) {
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", brief(name))
	}
	if s := c.findStack(name); s != nil {
		if s.token != "" && s.token == in.text("ClientRequestToken") {
			return map[string]any{"StackId": c.stackARN(s, in.Region)}, nil
		}
		return nil, in.fail("AlreadyExistsException", "Stack [%s] already exists", name)
	}
	if in.has("OnFailure") && in.has("DisableRollback") {
		return nil, in.fail("ValidationError", "Either DisableRollback or OnFailure can be specified, not both.")
	}
	t, values, err := in.readTemplate(in.text("TemplateBody"), nil)
	if err != nil {
		return nil, err
	}
	if !c.roomForStack() {
		return nil, in.fail("LimitExceededException", "Limit for stack has been exceeded")
	}
	s := &stack{name: name, id: uuid.NewString(), body: in.text("TemplateBody"), template: t, parameters: values, tags: in.tags("Tags"),
		capabilities: in.texts("Capabilities"),
		notified:     in.texts("NotificationARNs"), role: in.text("RoleARN"), token: in.text("ClientRequestToken"),
		protected:  in.flag("EnableTerminationProtection"),
		noRollback: in.flag("DisableRollback") || in.text("OnFailure") == "DO_NOTHING", minutes: in.number("TimeoutInMinutes", 0), created: in.now}
	c.stacks.put(s.id, s)
	c.moveStack(s, "CREATE_IN_PROGRESS", "CREATE_COMPLETE", in)
	return map[string]any{"StackId": c.stackARN(s, in.Region)}, nil
}

// roomForStack forgets the oldest deleted stack where there are too many, and says whether there is room.
func (c *Cloud) roomForStack() bool {
	if len(c.stacks.order) < maxThings {
		return true
	}
	for _, s := range c.stacks.all() {
		if s.state.name == stackDeleted {
			c.stacks.remove(s.id)
			return true
		}
	}
	return false
}

func updateStack(c *Cloud, in request) (map[string]any, error) {
	s := c.findStack(in.text("StackName"))
	if s == nil || s.state.name == stackDeleted {
		return nil, in.fail("ValidationError", "Stack [%s] does not exist", brief(in.text("StackName")))
	}
	if !strings.HasSuffix(s.state.name, "_COMPLETE") || s.state.name == "ROLLBACK_COMPLETE" {
		return nil, in.fail("ValidationError", "Stack:%s is in %s state and can not be updated.", c.stackARN(s, in.Region), s.state.name)
	}
	body := in.text("TemplateBody")
	if in.flag("UsePreviousTemplate") {
		body = s.body
	}
	t, values, err := in.readTemplate(body, s.parameters)
	if err != nil {
		return nil, err
	}
	tags := s.tags
	if in.has("Tags") {
		tags = in.tags("Tags")
	}
	if body == s.body && maps.Equal(values, s.parameters) && maps.Equal(tags, s.tags) {
		return nil, in.fail("ValidationError", "No updates are to be performed.")
	}
	s.body, s.template, s.parameters, s.tags, s.capabilities = body, t, values, tags, in.texts("Capabilities")
	s.token, s.updated = in.text("ClientRequestToken"), in.now
	in.changes(map[string]*string{"RoleARN": &s.role}, nil, nil)
	c.moveStack(s, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", in)
	return map[string]any{"StackId": c.stackARN(s, in.Region)}, nil
}

// deleteStack succeeds for stacks that do not exist, as CloudFormation does.
func deleteStack(c *Cloud, in request) (map[string]any, error) {
	s := c.findStack(in.text("StackName"))
	switch {
	case s == nil || s.state.name == stackDeleted || s.state.name == "DELETE_IN_PROGRESS":
		return nil, nil
	case s.protected:
		return nil, in.fail("ValidationError", "Stack [%s] cannot be deleted while TerminationProtection is enabled", s.name)
	case in.has("RetainResources"):
		return nil, in.fail("ValidationError",
			"Invalid operation on stack [%s]. The RetainResources option is valid only for stacks in DELETE_FAILED state", s.name)
	}
	s.token = in.text("ClientRequestToken")
	c.moveStack(s, "DELETE_IN_PROGRESS", stackDeleted, in)
	return nil, nil
}
