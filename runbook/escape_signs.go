package runbook

import (
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

func sign(kind EscapeKind, pattern, message string) scriptSign {
	return scriptSign{regexp.MustCompile(pattern), kind, message}
}

// operationSigns are the names of escapeOperations in Python, PowerShell, the AWS CLI and on the wire.
var operationSigns = sync.OnceValue(func() []scriptSign {
	var out []scriptSign
	for _, o := range escapeOperations {
		words := []string{"(?i:" + o.cmdlet + ")"}
		if !o.vague {
			words = append(words, o.name, snake(o.name), strings.ReplaceAll(snake(o.name), "_", "-"))
		}
		out = append(out, sign(o.kind, `\b(?:`+strings.Join(words, "|")+`)\b`, o.service+" "+o.name+" "+why[o.kind]))
	}
	return append(out,
		sign(OwnRole, `\.\s*invoke(?:_async)?\s*\(|\blambda["']?\s*,?\s*["']?invoke\b`, "lambda Invoke "+why[OwnRole]),
		sign(OwnRole, `\.\s*start_execution\s*\(|\bstepfunctions["']?\s*,?\s*["']?start-execution\b`, "stepfunctions StartExecution "+why[OwnRole]))
})

// habitSigns are what else scripts do that leaves the role, or hides what they do.
var habitSigns = sync.OnceValue(func() []scriptSign {
	const (
		made   = "the script runs code that it makes itself, which cannot be read here"
		picked = "the script picks what it runs in a way that cannot be read here"
	)
	return []scriptSign{
		sign(AssumesRole, `(?i)aws_?access_?key_?id|aws_?session_?token|\bprofile_name\s*=|\bSet-AWSCredentials?\b|-ProfileName\b`, "the script works with credentials of its own"),
		sign(AssumesRole, `169\.254\.169\.254|169\.254\.170\.2|AWS_CONTAINER_CREDENTIALS`, "the script asks a metadata service for credentials"),
		sign(PassesRole, `(?:[(,]\s*|(?m:^[ \t]+))(\w*Role(?:Arn|ARN)?|IamInstanceProfile)=[^=]`, "the script hands a role to a service"),
		sign(PassesRole, `["'](?:\w*[Rr]ole(?:Arn|ARN)|[iI]amInstanceProfile)["']\s*:|(?i:--(?:[a-z-]*role-arn|iam-instance-profile)\b)`, "the script hands a role to a service"),
		sign(Hidden, `(?:^|[^.\w])((?:exec|eval|__import__|compile)\s*\()`, made),
		sign(Hidden, `\bimportlib\b|(?i:\bInvoke-Expression\b|\biex\b|\[ScriptBlock\]::Create)`, made),
		sign(Hidden, `__getattribute__|__dict__|__builtins__|\b(?:methodcaller|attrgetter|globals|locals|vars|runpy|ctypes|marshal|pickle)\b`, picked),
		sign(Hidden, `\bgetattr\s*\(\s*[^,()]+(?:\([^()]*\))?[^,()]*,\s*[^"'\s]`, "the script picks an operation by a name that is known only when it runs"),
		sign(Hidden, `\b(?:client|resource)\s*\(\s*(?:service_name\s*=\s*)?(?:[A-Za-z_][\w.\[\]"']*|f["'])\s*[,)]`, "which service the script calls is known only when it runs"),
		sign(Hidden, `_make_api_call|\bSigV4\w*|\bcreate_client\s*\(|\bget_(?:frozen_)?credentials\b`, "the script calls AWS past boto3's own methods"),
		sign(Hidden, `\b(?:subprocess|os\.system|os\.popen|os\.exec\w+|os\.spawn\w+|pty\.spawn)\b|(?i:\bStart-Process\b)`, "the script runs another program"),
	}
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
