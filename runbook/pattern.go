package runbook

import (
	"fmt"
	"regexp"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTimeout bounds one check of an allowedPattern, which may need exponential time on a hostile value.
const matchTimeout = 100 * time.Millisecond

// matcher answers whether the whole text matches.
type matcher func(text string) (bool, error)

// compile prepares an allowedPattern, a Java regular expression that must match the whole value. Go's linear engine runs
// what it can; about one public pattern in eight needs the backtracking engine, with a time limit. The error says what
// of the pattern cannot be checked; then no value passes.
func compile(pattern string) (matcher, error) {
	translated, err := translateJava(pattern)
	if err != nil {
		return nil, err
	}
	whole := `\A(?:` + translated + `)\z`
	if re, err := regexp.Compile(whole); err == nil {
		return func(text string) (bool, error) { return re.MatchString(text), nil }, nil
	}
	re, err := regexp2.Compile(whole, regexp2.RE2)
	if err != nil {
		return nil, fmt.Errorf("reading the pattern: %w", err)
	}
	re.MatchTimeout = matchTimeout
	return func(text string) (bool, error) {
		ok, err := re.MatchString(text)
		if err != nil {
			return false, fmt.Errorf("matching took longer than %s", matchTimeout)
		}
		return ok, nil
	}, nil
}
