package policy

import (
	"errors"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Bounds of patterns. Whoever writes a policy is trusted, and a slip must not fill the memory all the same.
const (
	maxPattern         = 500     // characters of one
	maxInstructions    = 10_000  // of one, compiled
	maxAllInstructions = 500_000 // of all, compiled
)

func (r *fileReader) readParameters(n *yaml.Node) []Parameter {
	var parameters []Parameter
	for _, e := range r.entries(n, "parameters") {
		switch {
		case isRoleParameter(e.name):
			r.fail(e.key, "%s cannot be listed. The role comes from service_role alone.", e.name)
		case !r.parameter.fits(e.name):
			r.fail(e.key, "%+q is not a parameter's name. Names have 1 to %d of a-z, A-Z, 0-9, _, . and -.", e.name, MaxParameterName)
		}
		parameters = append(parameters, r.readParameter(e))
	}
	slices.SortFunc(parameters, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return parameters
}

func (r *fileReader) readParameter(e entry) Parameter {
	what := "the parameter " + shown(e.name)
	fields := r.fields(e.value, what, 0, "allow", "pattern", "min", "max", "secret", "max_items")
	p := Parameter{Name: e.name, MaxItems: r.number(fields["max_items"], "max_items", 1, MaxParameterValues), Line: e.key.Line}
	p.Pattern, p.pattern = r.readPattern(fields["pattern"])
	p.Min, p.Max = r.readBound(fields["min"], "min"), r.readBound(fields["max"], "max")
	p.Secret = r.readFlag(fields["secret"], "secret")
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		r.fail(fields["min"], "min is above max, so no value is between them.")
	}
	if len(fields) > 0 && !says(fields) {
		r.fail(e.value, "%s says nothing about its values. It needs allow, pattern, min, max or secret: true.", upper(what))
	}
	if allow := fields["allow"]; allow != nil {
		p.allowed = map[string]struct{}{}
		for _, item := range r.words(allow, "allow") {
			r.checkValue(item, &p)
			p.Allow = append(p.Allow, item.Value)
			p.allowed[item.Value] = struct{}{}
		}
	}
	return p
}

// says whether a parameter's keys confine its values, rightly or not.
func says(fields map[string]*yaml.Node) bool {
	for key, n := range fields {
		if key != "max_items" && (key != "secret" || n.ShortTag() != "!!bool" || strings.EqualFold(n.Value, "true")) {
			return true
		}
	}
	return false
}

// checkValue checks a listed value, and that the parameter's other constraints do not refuse it: what is listed is
// allowed without another look.
func (r *fileReader) checkValue(n *yaml.Node, p *Parameter) {
	if n.Value == Everything {
		r.fail(n, `allow lists exact values; "*" would allow only the value *.`)
		return
	}
	switch code := badValue(n.Value); {
	case code == CodeValueMissing:
		r.fail(n, "allow has an empty value.")
	case code == CodeValueTooLong:
		r.fail(n, "allow has a value of over %d characters, more than SSM takes.", MaxValueLength)
	case code == CodeValueTemplate:
		r.fail(n, "allow has a value with {{, which SSM would resolve. Write the value itself.")
	case code == CodeValueHidden:
		r.fail(n, "allow has a value with characters that cannot be seen: %+q.", n.Value)
	case p.refuses(n.Value) != "":
		value := shown(n.Value)
		if p.Secret {
			value = "a value"
		}
		r.fail(n, "allow has %s, and this parameter has to be %s. Change one of the two.", value, p.shape())
	}
}

// readPattern compiles a pattern so that it has to match the whole value.
func (r *fileReader) readPattern(n *yaml.Node) (string, *regexp.Regexp) {
	text, ok := r.text(n, "pattern")
	if !ok {
		return "", nil
	}
	if text == "" || hidden(text) || utf8.RuneCountInString(text) > maxPattern {
		r.fail(n, "pattern must have 1 to %d characters that can be seen.", maxPattern)
		return text, nil
	}
	if compiled, ok := r.patterns[text]; ok {
		return text, compiled
	}
	compiled, err := r.compile(text)
	switch {
	case errors.Is(err, errTooLarge):
		r.fail(n, "pattern is too large. Repeat less, or use allow.")
	case err != nil:
		r.fail(n, "pattern is not a regular expression in RE2: %s.", shown(patternProblem(err)))
	}
	r.patterns[text] = compiled
	return text, compiled
}

var errTooLarge = errors.New("pattern too large")

// compile anchors a pattern that is one by itself: x)|(y is not, and would leave the brackets around it.
func (r *fileReader) compile(text string) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if r.instructions += len(program.Inst); len(program.Inst) > maxInstructions || r.instructions > maxAllInstructions {
		return nil, errTooLarge
	}
	return regexp.Compile(`^(?:` + text + `)$`)
}

func patternProblem(err error) string {
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return string(wrong.Code) + " at " + wrong.Expr
	}
	return err.Error()
}

// readBound reads a whole number as SSM's Integer has them.
func (r *fileReader) readBound(n *yaml.Node, what string) *int64 {
	if n == nil {
		return nil
	}
	bound, ok := integer(n.Value)
	if n.ShortTag() != "!!int" || !ok {
		r.fail(n, "%s must be a whole number from %d to %d.", what, math.MinInt64, math.MaxInt64)
		return nil
	}
	return &bound
}

// integer reads a whole decimal number as people write it: no sign but -, no leading zeros, no spaces.
func integer(text string) (int64, bool) {
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil && strconv.FormatInt(number, 10) == text
}
