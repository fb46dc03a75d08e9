package runbook

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// scriptSign is a word in a script that tells of an escape; it stands in the pattern's group, if there is one.
type scriptSign struct {
	pattern *regexp.Regexp
	kind    EscapeKind
	message string
}

// scriptSigns are compiled when the first script is looked at.
var scriptSigns = sync.OnceValue(func() []scriptSign {
	sign := func(kind EscapeKind, pattern, message string) scriptSign {
		return scriptSign{regexp.MustCompile(pattern), kind, message}
	}
	out := []scriptSign{
		sign(OwnRole, `\.\s*invoke(?:_async)?\s*\(|lambda["']?\s*,?\s*["']?invoke\b`, "lambda Invoke "+why[OwnRole]),
		sign(OwnRole, `\.\s*start_execution\s*\(|stepfunctions["']?\s*,?\s*["']?start-execution\b`, "stepfunctions StartExecution "+why[OwnRole]),
		sign(AssumesRole, `(?i)aws_?access_?key_?id|aws_?session_?token|\bprofile_name\s*=|\bSet-AWSCredentials?\b|-ProfileName\b`, "the script works with credentials of its own"),
		sign(AssumesRole, `169\.254\.169\.254|169\.254\.170\.2|AWS_CONTAINER_CREDENTIALS`, "the script asks a metadata service for credentials"),
		sign(PassesRole, `(?:[(,]\s*|(?m:^[ \t]+))(\w*Role(?:Arn|ARN)?|IamInstanceProfile)=[^=]`, "the script hands a role to a service"),
		sign(PassesRole, `["'](?:\w*[Rr]ole(?:Arn|ARN)|[iI]amInstanceProfile)["']\s*:|(?i:--(?:[a-z-]*role-arn|iam-instance-profile)\b)`,
			"the script hands a role to a service"),
		sign(Hidden, `(?:^|[^.\w])((?:exec|eval|__import__|compile)\s*\()`, "the script runs code that it makes itself, which cannot be read here"),
		sign(Hidden, `\bimportlib\b|(?i:\bInvoke-Expression\b|\biex\b|\[ScriptBlock\]::Create)`, "the script runs code that it makes itself, which cannot be read here"),
		sign(Hidden, `\bgetattr\s*\(\s*[^,()]+(?:\([^()]*\))?[^,()]*,\s*[^"'\s]`, "the script picks an operation by a name that is known only when it runs"),
		sign(Hidden, `\.(?:client|resource)\s*\(\s*(?:service_name\s*=\s*)?(?:[A-Za-z_][\w.\[\]"']*|f["'])\s*[,)]`, "which service the script calls is known only when it runs"),
		sign(Hidden, `_make_api_call|\bSigV4\w*|\bcreate_client\s*\(`, "the script calls AWS past boto3's own methods"),
		sign(Hidden, `\b(?:subprocess|os\.system|os\.popen|os\.exec\w+|os\.spawn\w+|pty\.spawn)\b|(?i:\bStart-Process\b)`, "the script runs another program"),
	}
	for _, o := range escapeOperations {
		words := []string{"(?i:" + o.cmdlet + ")"}
		if !o.vague {
			words = append(words, o.name, snake(o.name), strings.ReplaceAll(snake(o.name), "_", "-"))
		}
		out = append(out, sign(o.kind, `\b(?:`+strings.Join(words, "|")+`)\b`, o.service+" "+o.name+" "+why[o.kind]))
	}
	return out
})

// snake turns AssumeRoleWithSAML into assume_role_with_saml.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if upper := r >= 'A' && r <= 'Z'; upper && i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// scriptEscapes reads a script by its words, line by line; lines that are comments are left out.
func (d *Document) scriptEscapes(s *Step) []Escape {
	var out []Escape
	if !empty(s.Inputs["Attachment"]) {
		e := s.at("inputs", "Attachment").escape(Hidden, "the script is an attachment, which is not a part of the document")
		e.Fix = "Put the script into the runbook."
		out = append(out, e)
	}
	s.at("inputs", "Script").texts(func(at place, code string) {
		out = append(out, d.codeEscapes(at, code)...)
	})
	return out
}

func (d *Document) codeEscapes(at place, code string) []Escape {
	var out []Escape
	told := map[string]bool{}
	add := func(e Escape) {
		if key := fmt.Sprintf("%s %d", e.Message, e.Line); !told[key] && len(told) < maxEscapes {
			told[key] = true
			out = append(out, e)
		}
	}
	blank := withoutComments(code)
	for _, sign := range scriptSigns() {
		for _, m := range sign.pattern.FindAllStringSubmatchIndex(blank, 100) {
			from := m[0]
			if len(m) > 2 && m[2] >= 0 {
				from = m[2]
			}
			e := at.inside(from).escape(sign.kind, "%s (line %d of the script)", sign.message, 1+strings.Count(code[:from], "\n"))
			if e.Fix = fixes[sign.kind]; sign.kind == Hidden {
				e.Fix = "Write the operation out: boto3.client('ec2').stop_instances(…)."
			}
			add(e)
		}
	}
	for _, m := range referencePattern.FindAllStringSubmatchIndex(code, -1) {
		r := newReference(code, m)
		if p, ok := d.Parameter(r.Name); r.Kind == RefName && ok && !p.confined() {
			e := at.inside(m[0]).escape(Hidden, "the value of %s becomes a part of the script (line %d of it), which can then do anything", r.Name, 1+strings.Count(code[:m[0]], "\n"))
			e.Parameter, e.Fix = r.Name, "Hand the value over in InputPayload, or confine it with allowedValues or allowedPattern."
			add(e)
		}
	}
	return append(out, d.stsClients(at, blank)...)
}

var (
	stsClient   = regexp.MustCompile(`\.(?:client|resource)\s*\(\s*(?:service_name\s*=\s*)?["']sts["']`)
	stsHarmless = regexp.MustCompile(`\.\s*get_caller_identity\s*\(`)
)

// stsClients: a client of STS is for credentials, unless all that is asked is who one is.
func (d *Document) stsClients(at place, code string) []Escape {
	m := stsClient.FindStringIndex(code)
	if m == nil || stsHarmless.MatchString(code) {
		return nil
	}
	e := at.inside(m[0]).escape(AssumesRole, "the script has a client of STS (line %d of the script)", 1+strings.Count(code[:m[0]], "\n"))
	e.Fix = fixes[AssumesRole]
	return []Escape{e}
}

// withoutComments blanks the lines that are nothing but a comment, so that every place stays where it is.
func withoutComments(code string) string {
	lines := strings.SplitAfter(code, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			rest := strings.TrimRight(line, "\n")
			lines[i] = strings.Repeat(" ", len(rest)) + line[len(rest):]
		}
	}
	return strings.Join(lines, "")
}
