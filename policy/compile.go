package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"go.yaml.in/yaml/v4"
)

// Bounds of how deep a condition goes. Its cost bounds the rest.
const (
	maxNesting = 50   // of brackets and calls
	maxLoops   = 2    // of all(), exists() and the like within each other
	maxOf      = 1000 // names of groups that a person may be in, for the estimate
)

// conditionNames are what a condition can ask for, by type.
func conditionNames() map[string]*cel.Type {
	list := cel.ListType(cel.StringType)
	return map[string]*cel.Type{
		"actor.id": cel.StringType, "actor.name": cel.StringType, "actor.groups": list,
		"channel.id": cel.StringType, "channel.name": cel.StringType, "channel.shared": cel.BoolType,
		"runbook.name": cel.StringType, "runbook.document": cel.StringType, "runbook.version": cel.StringType,
		"params": cel.MapType(cel.StringType, list), "targets": list, "now": cel.TimestampType,
		"incident.id": cel.StringType, "incident.severity": cel.IntType, "incident.open": cel.BoolType,
	}
}

// compiler turns conditions into programs, each source once.
type compiler struct {
	env  *cel.Env // made for the first condition
	done map[string]*Condition
}

func newEnvironment() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(MaxCondition),
		cel.ParserRecursionLimit(maxNesting),
		cel.ParserErrorRecoveryLimit(1),
		cel.HomogeneousAggregateLiterals(),
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(),
			cel.ValidateComprehensionNestingLimit(maxLoops)),
	}
	for name, kind := range conditionNames() {
		options = append(options, cel.Variable(name, kind))
	}
	return cel.NewEnv(options...)
}

// readWhen reads and compiles a condition.
func (r *fileReader) readWhen(n *yaml.Node) *Condition {
	source, ok := r.text(n, "when")
	if !ok {
		return nil
	}
	if c, ok := r.conditions.done[source]; ok {
		return c
	}
	if len([]rune(source)) > MaxCondition {
		r.fail(n, "when has %d characters, and may have %d.", len([]rune(source)), MaxCondition)
		return nil
	}
	if hidden(strings.NewReplacer("\n", " ", "\t", " ").Replace(source)) {
		r.fail(n, "when has characters that cannot be seen.")
		return nil
	}
	c := r.compileCondition(n, source)
	if c != nil {
		r.conditions.done[source] = c
	}
	return c
}

func (r *fileReader) compileCondition(n *yaml.Node, source string) (c *Condition) {
	defer func() { // cel-go recovers from its own panics when it evaluates, not when it compiles
		if problem := recover(); problem != nil {
			r.fail(n, "when cannot be read: %s.", shown(fmt.Sprint(problem)))
			c = nil
		}
	}()
	if r.conditions.env == nil {
		env, err := newEnvironment()
		if err != nil {
			r.fail(n, "Conditions cannot be read: %s.", shown(err.Error()))
			return nil
		}
		r.conditions = compiler{env: env, done: map[string]*Condition{}}
	}
	tree, issues := r.conditions.env.Compile(source)
	switch {
	case issues.Err() != nil:
		r.conditionIssues(n, issues)
		return nil
	case !tree.OutputType().IsExactType(cel.BoolType):
		r.fail(n, "when must be true or false, and is %s.", tree.OutputType())
		return nil
	case !r.checkPatterns(n, tree.NativeRep()):
		return nil
	}
	cost, err := r.conditions.env.EstimateCost(tree, estimator{})
	if err != nil || cost.Max > maxCost {
		r.fail(n, "when may cost %d, and %d is the most. Look at fewer things, and avoid loops within loops.", cost.Max, maxCost)
		return nil
	}
	c = &Condition{Source: source, targets: asksFor(tree, "targets")}
	c.program, err = r.conditions.env.Program(tree, cel.EvalOptions(cel.OptOptimize))
	if err == nil {
		c.counted, err = r.conditions.env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	}
	if err != nil {
		r.fail(n, "when cannot be evaluated: %s.", shown(err.Error()))
		return nil
	}
	return c
}

// checkPatterns bounds the regular expressions of a condition. One that is put together while it is evaluated could be of
// any size. (cel-go's own limit of their size panics on a{2}: it compiles without Simplify.)
func (r *fileReader) checkPatterns(n *yaml.Node, tree *ast.AST) bool {
	before := len(r.errors)
	for _, call := range ast.MatchDescendants(ast.NavigateAST(tree), ast.FunctionMatcher("matches")) {
		args := call.AsCall().Args()
		pattern := args[len(args)-1]
		at := tree.SourceInfo().GetStartLocation(pattern.ID())
		place := r.within(n, at.Line(), at.Column())
		text, ok := "", pattern.Kind() == ast.LiteralKind
		if ok {
			text, ok = pattern.AsLiteral().Value().(string)
		}
		if !ok {
			r.fail(place, "when is wrong: matches() takes a pattern that is written out.")
		} else if _, err := r.compile(text); err != nil {
			r.fail(place, "when is wrong: the pattern of matches() is too large, or none.")
		}
	}
	return len(r.errors) == before
}

// asksFor says whether a condition looks at a variable.
func asksFor(tree *cel.Ast, name string) bool {
	for _, found := range tree.NativeRep().ReferenceMap() {
		if found.Name == name {
			return true
		}
	}
	return false
}

// conditionIssues reports what is wrong with a condition, each at its place in the file.
func (r *fileReader) conditionIssues(n *yaml.Node, issues *cel.Issues) {
	for _, e := range issues.Errors() {
		message, _, _ := strings.Cut(strings.ReplaceAll(e.Message, " (in container '')", ""), " expecting {")
		message = strings.TrimSuffix(message, ".")
		help := ""
		if word, ok := strings.CutPrefix(message, "undeclared reference to "); ok {
			help = r.meant(strings.Trim(word, "'"), knownNames()) + " It knows " + join(knownNames(), "and") + "."
		}
		at := r.within(n, e.Location.Line(), e.Location.Column())
		r.fail(at, "when is wrong: %s.%s", short(message, 200), help)
	}
}

func knownNames() []string {
	var names []string
	for name := range conditionNames() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// estimator tells CEL how large the largest request is. What it says beyond MaxParameterValues and the like would be
// refused as parameters.
type estimator struct{}

// EstimateSize is part of the CostEstimator interface.
func (estimator) EstimateSize(n checker.AstNode) *checker.SizeEstimate {
	path := n.Path()
	if len(path) == 0 {
		return nil
	}
	most := uint64(MaxValueLength)
	switch n.Type().Kind() {
	case types.MapKind:
		most = MaxParameters
	case types.ListKind:
		most = MaxParameterValues
		if path[0] == "actor.groups" {
			most = maxOf
		}
	}
	return &checker.SizeEstimate{Max: most}
}

// EstimateCallCost is part of the CostEstimator interface; CEL's own estimates will do.
func (estimator) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
