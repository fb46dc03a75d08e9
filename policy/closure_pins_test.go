package policy_test

import (
	"strings"
	"testing"

	"handrail/policy"
)

func TestChildrenArePinned(t *testing.T) {
	t.Parallel()
	const passed = `RuntimeParameters: {AutomationAssumeRole: "{{ AutomationAssumeRole }}"}`
	start := func(name, version string) string {
		if version != "" {
			version = `DocumentVersion: "` + version + `", `
		}
		return steps(`{name: go, action: "aws:executeAutomation", inputs: {DocumentName: "` + name + `", ` + version + passed + `}}`)
	}
	children := shelf{"Leaf": steps(nap), "Branch": start("Leaf", "1"), "Loose": start("Leaf", ""),
		"arn:aws:ssm:eu-west-1:123456789012:document/Leaf": steps(nap)}
	pin := func(names ...string) string {
		items := make([]string, len(names))
		for i, name := range names {
			items[i] = "{document: '" + name + "', version: '1', sha256: " + hash + "}"
		}
		return "    children: [" + strings.Join(items, ", ") + "]"
	}
	const listed, unpinned, moved = policy.CodeGranted, policy.CodeChildUnpinned, policy.CodeChildOther
	for name, c := range map[string]struct {
		text   string
		extra  []string
		change func(*policy.Document)
		want   policy.Code
		says   string
	}{
		"none listed":    {text: start("Leaf", "1"), want: unpinned, says: "Doc starts Leaf in step go (line 5) version 1, which the policy does not pin."},
		"listed":         {text: start("Leaf", "1"), extra: []string{pin("Leaf")}, want: listed},
		"another listed": {text: start("Leaf", "1"), extra: []string{pin("Branch")}, want: unpinned},
		"more listed":    {text: start("Leaf", "1"), extra: []string{pin("Branch", "Leaf")}, want: listed},
		"the default version": {text: start("Leaf", ""), extra: []string{pin("Leaf")}, want: unpinned,
			says: "Doc starts Leaf in step go (line 5) in a version that moves."},
		"the latest version":          {text: start("Leaf", "$LATEST"), extra: []string{pin("Leaf")}, want: unpinned},
		"a version out of a variable": {text: start("Leaf", "{{ Name }}"), extra: []string{pin("Leaf")}, want: policy.CodeRoleEscape},
		"a version that nobody has": {text: start("Leaf", "2"), extra: []string{"    children: [{document: Leaf, version: '2', sha256: " + hash + "}]"}, want: moved,
			says: "Doc starts Leaf in step go (line 5), and AWS has no such document in version 2 that can be read."},
		"a grandchild not listed": {text: start("Branch", "1"), extra: []string{pin("Branch")}, want: unpinned,
			says: "Doc starts Leaf in step go (line 5), through Branch step go (line 5) version 1, which the policy does not pin."},
		"a grandchild listed":          {text: start("Branch", "1"), extra: []string{pin("Branch", "Leaf")}, want: listed},
		"a grandchild that moves":      {text: start("Loose", "1"), extra: []string{pin("Loose", "Leaf")}, want: unpinned},
		"an ARN is not the name":       {text: start("arn:aws:ssm:eu-west-1:123456789012:document/Leaf", "1"), extra: []string{pin("Leaf")}, want: unpinned},
		"an ARN listed":                {text: start("arn:aws:ssm:eu-west-1:123456789012:document/Leaf", "1"), extra: []string{pin("arn:aws:ssm:eu-west-1:123456789012:document/Leaf")}, want: listed},
		"other letters":                {text: start("leaf", "1"), extra: []string{pin("Leaf")}, want: unpinned},
		"another content":              {text: start("Leaf", "1"), extra: []string{pin("Leaf")}, change: func(d *policy.Document) { d.Children[0].SHA256 = otherHash }, want: moved, says: "Doc starts Leaf in step go (line 5) version 1, and its content is not the one that the policy pins."},
		"a content without a hash":     {text: start("Leaf", "1"), extra: []string{pin("Leaf")}, change: func(d *policy.Document) { d.Children[0].SHA256 = "" }, want: moved},
		"a child that nobody holds":    {text: start("Leaf", "1"), extra: []string{pin("Leaf")}, change: func(d *policy.Document) { d.Children = nil }, want: moved},
		"unpinned, as it says":         {text: start("Leaf", ""), extra: []string{"    allow_unpinned: true"}, want: listed},
		"unpinned, but listed":         {text: start("Leaf", "1"), extra: []string{"    allow_unpinned: true", pin("Leaf")}, want: listed},
		"unpinned, and not as listed":  {text: start("Leaf", "1"), extra: []string{"    allow_unpinned: true", pin("Leaf")}, change: func(d *policy.Document) { d.Children[0].SHA256 = otherHash }, want: moved},
		"unpinned, by somebody else's": {text: start("Leaf", ""), extra: []string{"    allow_unpinned: true"}, change: func(d *policy.Document) { d.Children[0].Owner = "999999999999" }, want: policy.CodeOwnerOther, says: "Leaf belongs to 999999999999, and only documents of Amazon and of the service role's account may run."},
	} {
		doc := survey(t, c.text, children)
		if c.change != nil {
			c.change(doc)
		}
		d := answer(keeper(t, c.extra...), doc)
		if d.Code() != c.want || c.says != "" && d.Explain().Sentence != c.says {
			t.Errorf("%s: %s: %s; want %s: %s", name, d.Code(), d.Explain().Sentence, c.want, c.says)
		}
	}
	p := keeper(t, pin("Leaf", "Branch"), "    accept: [hidden]", "    attachments: [{name: a.zip, sha256: "+hash+"}]")
	rb, _ := p.Runbook("it")
	unused := strings.Join(p.Unused(rb, survey(t, start("Leaf", "1"), children)), "\n")
	if unused != "Doc does not start Branch version 1, which children lists.\nDoc has no file a.zip, which attachments lists.\nNothing in Doc is hidden, which accept lists." {
		t.Errorf("unused: %s", unused)
	}
}

func TestAttachmentsArePinned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held  policy.Pin
		extra string
		want  policy.Code
	}{
		"not listed":             {policy.Pin{Name: "a.zip", SHA256: hash}, "", policy.CodeAttachmentOther},
		"listed":                 {policy.Pin{Name: "a.zip", SHA256: hash}, "    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeGranted},
		"another content":        {policy.Pin{Name: "a.zip", SHA256: otherHash}, "    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeAttachmentOther},
		"another name":           {policy.Pin{Name: "b.zip", SHA256: hash}, "    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeAttachmentOther},
		"no hash":                {policy.Pin{Name: "a.zip"}, "    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeAttachmentOther},
		"unpinned":               {policy.Pin{Name: "a.zip", SHA256: hash}, "    allow_unpinned: true", policy.CodeGranted},
		"unpinned, but listed":   {policy.Pin{Name: "a.zip", SHA256: otherHash}, "    allow_unpinned: true\n    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeAttachmentOther},
		"unpinned, without hash": {policy.Pin{Name: "a.zip"}, "    allow_unpinned: true\n    attachments: [{name: a.zip, sha256: " + hash + "}]", policy.CodeAttachmentOther},
	} {
		doc := survey(t, steps(nap), nil)
		doc.Attachments = []policy.Pin{c.held}
		if got := answer(keeper(t, c.extra), doc); got.Code() != c.want {
			t.Errorf("%s: %s: %s", name, got.Code(), got.Explain().Sentence)
		}
	}
}

// A child in other accounts runs under roles that the policy names, and under no others.
func TestLocationsOfChildrenComeFromThePolicy(t *testing.T) {
	t.Parallel()
	children := shelf{"Leaf": steps(nap)}
	const accept = "    accept: [target-locations]\n    children: [{document: Leaf, version: '1', sha256: " + hash + "}]\n"
	const located = accept + "    locations: [{accounts: ['123456789012'], regions: [eu-west-1], execution_role: Runner}]"
	for name, c := range map[string]struct {
		locations, extra string
		want             policy.Code
	}{
		"the policy's role":           {`[{Accounts: ["1"], Regions: [x], ExecutionRoleName: Runner}]`, located, policy.CodeGranted},
		"two of the policy's role":    {`[{ExecutionRoleName: Runner}, {ExecutionRoleName: Runner}]`, located, policy.CodeGranted},
		"not accepted":                {`[{ExecutionRoleName: Runner}]`, strings.ReplaceAll(located, "    accept: [target-locations]\n", ""), policy.CodeRoleEscape},
		"accepted, and no locations":  {`[{ExecutionRoleName: Runner}]`, accept, policy.CodeRoleEscape},
		"another role":                {`[{ExecutionRoleName: Admin}]`, located, policy.CodeRoleEscape},
		"another role as well":        {`[{ExecutionRoleName: Admin}, {ExecutionRoleName: Runner}]`, located, policy.CodeRoleEscape},
		"another role at the end":     {`[{ExecutionRoleName: Runner}, {ExecutionRoleName: Admin}]`, located, policy.CodeRoleEscape},
		"other letters":               {`[{ExecutionRoleName: runner}]`, located, policy.CodeRoleEscape},
		"AWS's default":               {`[{Accounts: ["1"]}]`, located, policy.CodeRoleEscape},
		"a role of a variable":        {`[{ExecutionRoleName: "{{ Name }}"}]`, located, policy.CodeRoleEscape},
		"locations of a variable":     {`"{{ Name }}"`, located, policy.CodeRoleEscape},
		"a location of a variable":    {`[{ExecutionRoleName: Runner}, "{{ Name }}"]`, located, policy.CodeRoleEscape},
		"no locations in the runbook": {`[]`, located, policy.CodeGranted},
	} {
		doc := survey(t, steps(`{name: go, action: "aws:executeAutomation", inputs: {DocumentName: Leaf, DocumentVersion: "1", TargetLocations: `+c.locations+
			`, RuntimeParameters: {AutomationAssumeRole: "{{ AutomationAssumeRole }}"}}}`), children)
		if got := answer(keeper(t, c.extra), doc); got.Code() != c.want {
			t.Errorf("%s: %s: %s", name, got.Code(), got.Explain().Sentence)
		}
	}
}
