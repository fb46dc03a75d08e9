package runbook

import (
	"fmt"
	"strings"
)

// Constraints says in a few words each what values the parameter takes, in the order in which they are checked.
func (p Parameter) Constraints() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if p.AllowedValues != nil {
		add("one of %s", strings.Join(p.AllowedValues, ", "))
	}
	if p.AllowedPattern != "" {
		add("matches %s", p.AllowedPattern)
	}
	limits := func(what string, least, most string) {
		switch {
		case least != "" && most != "":
			add("%s to %s %s", least, most, what)
		case least != "":
			add("at least %s %s", least, what)
		case most != "":
			add("at most %s %s", most, what)
		}
	}
	limits("characters", written(p.MinChars), written(p.MaxChars))
	limits("items", written(p.MinItems), written(p.MaxItems))
	limits("as a number", written(p.MinValue), written(p.MaxValue))
	return out
}

func written[N int | int64](limit *N) string {
	if limit == nil {
		return ""
	}
	return fmt.Sprint(*limit)
}
