package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTimeout bounds one check of an allowedPattern, which may need exponential time on a hostile value.
const matchTimeout = 100 * time.Millisecond

// matcher answers whether the whole text matches.
type matcher func(text string) (bool, error)

var errJavaClass = errors.New("character classes inside character classes are Java's own and are not supported")

// compile prepares an allowedPattern, a Java regular expression that must match the whole value. Go's linear engine runs
// what it can read; about one public pattern in eight needs the backtracking engine, with a time limit.
func compile(pattern string) (matcher, error) {
	if nestedClass(pattern) {
		return nil, errJavaClass
	}
	whole := `\A(?:` + pattern + `)\z`
	if re, err := regexp.Compile(whole); err == nil {
		return func(text string) (bool, error) { return re.MatchString(text), nil }, nil
	}
	// The RE2 option keeps \d, \w and \s to ASCII, as in Java.
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

// nestedClass finds [a[b]] and [a&&[b]], which both engines here would read as something else than Java does.
func nestedClass(pattern string) bool {
	inClass, first := false, false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
			first = false
		case !inClass && c == '[':
			inClass, first = true, true
		case inClass && c == '^' && first:
		case inClass && c == '[':
			return true
		case inClass && c == '&' && i+1 < len(pattern) && pattern[i+1] == '&':
			return true
		case inClass && c == ']' && !first:
			inClass = false
		default:
			first = false
		}
	}
	return false
}
