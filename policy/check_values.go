package policy

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// runbooks finds documents that can change, values that are too wide or impossible, and runbooks that nobody may run.
func (c *examiner) runbooks() {
	for _, rb := range c.policy.runbooks {
		if rb.AllowUnpinned {
			c.add(rb.Line, SeverityWarning, "document-unpinned", "Pin its version and its sha256, as bot policy pin does, and remove allow_unpinned.",
				"The runbook %s runs whatever %s holds at the time: whoever may edit the document decides what runs.", rb.Name, rb.Document)
		}
		for i := range rb.Parameters {
			c.parameter(rb, &rb.Parameters[i])
		}
		for _, s := range rb.Steps {
			c.agreement(rb.Line, fmt.Sprintf("the step %s of %s", s.Step, rb.Name), s.Approval, crowd{open: true})
		}
		if !slices.ContainsFunc(c.policy.grants, func(g *Grant) bool { return g.covers(rb.Name) && g.starts() }) {
			c.add(rb.Line, SeverityWarning, "runbook-unused", "Grant it, or remove it.", "No grant lets anybody run or ask for the runbook %s.", rb.Name)
		}
	}
}

// starts says whether the grant lets anything start.
func (g *Grant) starts() bool { return slices.Contains(g.May, Run) || slices.Contains(g.May, Ask) }

func (c *examiner) parameter(rb *Runbook, p *Parameter) {
	what := p.Name + " of " + rb.Name
	for _, value := range p.Allow {
		if p.refuses(value) != "" { // Parse says so first
			c.add(p.Line, SeverityError, "parameter-impossible", "Change allow, or what contradicts it.", "%s allows %s and refuses it as well.", what, shown(value))
		}
	}
	if len(p.Allow) > 0 {
		return
	}
	if p.impossible() {
		c.add(p.Line, SeverityError, "parameter-impossible", "Change one of pattern, min and max.", "%s can have no value: no number from min to max fits the pattern.", what)
	}
	if p.Pattern == "" || p.Secret || p.Min != nil && p.Max != nil {
		return
	}
	if wide := tooWide(p.Pattern, p.pattern); wide != "" {
		c.add(p.Line, SeverityWarning, "pattern-wide", "Use allow, or a pattern that has no more than it needs, such as [a-z0-9-]{1,40}.", "The pattern of %s %s.", what, wide)
	}
}

const fewNumbers = 10_000

// impossible says whether min and max leave only numbers that the pattern refuses. It counts only where they are few.
func (p *Parameter) impossible() bool {
	if p.Min == nil || p.Max == nil {
		return false
	}
	if *p.Min > *p.Max {
		return true
	}
	if p.pattern == nil || uint64(*p.Max)-uint64(*p.Min) > fewNumbers {
		return false
	}
	for n := *p.Min; ; n++ {
		if p.pattern.MatchString(strconv.FormatInt(n, 10)) {
			return false
		}
		if n == *p.Max {
			return true
		}
	}
}

// metacharacters have a meaning for a shell, or end an argument: a script that is handed one does more than it seems to.
const metacharacters = ";&|`$<>(){}[]*?!~#\\\"'\n\r\t "

// tooWide says what is too wide about a pattern, or "". It tries values, and reads which characters the pattern can take
// wherever it leaves a choice; those that it spells out are meant.
func tooWide(text string, compiled *regexp.Regexp) string {
	if compiled == nil {
		return ""
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return ""
	}
	choices, endless := choicesOf(tree, nil, false)
	probes := []string{"{{ssm:/secret}}", "; rm -rf /", "$(id)", "-rf", "../../etc/passwd", "日本", strings.Repeat("a", MaxValueLength)}
	if !slices.ContainsFunc(probes, func(value string) bool { return !compiled.MatchString(value) }) {
		return "fits everything"
	}
	var wide []string
	if compiled.MatchString("") {
		wide = append(wide, "fits the empty text")
	}
	if endless {
		wide = append(wide, "has no end: it fits values of any length")
	}
	if compiled.MatchString("-rf") || compiled.MatchString("--") {
		wide = append(wide, "fits values that begin with -, which programs take for options")
	}
	if taken := taking(choices); taken != "" {
		wide = append(wide, "takes "+taken+", which mean something to a shell")
	}
	return join(wide, "and")
}

// choicesOf collects the classes of characters of a pattern, and says whether something in it repeats without an end.
func choicesOf(t *syntax.Regexp, classes [][]rune, endless bool) ([][]rune, bool) {
	switch t.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		classes = append(classes, []rune{0, 0x10FFFF})
	case syntax.OpCharClass:
		classes = append(classes, t.Rune)
	case syntax.OpStar, syntax.OpPlus:
		endless = true
	case syntax.OpRepeat:
		endless = endless || t.Max < 0
	}
	for _, sub := range t.Sub {
		classes, endless = choicesOf(sub, classes, endless)
	}
	return classes, endless
}

// taking lists the metacharacters that classes have, as people read them.
func taking(classes [][]rune) string {
	var taken []string
	for _, m := range metacharacters {
		if slices.ContainsFunc(classes, func(class []rune) bool { return inClass(class, m) }) {
			switch m {
			case ' ':
				taken = append(taken, "spaces")
			case '\n', '\r', '\t': // hidden characters are refused in any value
			default:
				taken = append(taken, string(m))
			}
		}
	}
	if len(taken) > 5 {
		taken = append(taken[:5:5], fmt.Sprintf("%d more", len(taken)-5))
	}
	return join(taken, "and")
}

func inClass(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if r >= class[i] && r <= class[i+1] {
			return true
		}
	}
	return false
}
