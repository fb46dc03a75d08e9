package policy

import "strconv"

// refuses says why a value that is fit to be seen does not hold what the parameter wants besides Allow, or "".
func (p *Parameter) refuses(value string) Code {
	if p.Secret && !isSecretName(value) {
		return CodeValueSecret
	}
	if p.Pattern != "" && (p.pattern == nil || !p.pattern.MatchString(value)) {
		return CodeValueNotAllowed
	}
	if p.Min == nil && p.Max == nil {
		return ""
	}
	number, ok := integer(value)
	if !ok || p.Min != nil && number < *p.Min || p.Max != nil && number > *p.Max {
		return CodeValueNotAllowed
	}
	return ""
}

// Wants says in a sentence what the values of the parameter have to be.
func (p *Parameter) Wants() string {
	return "It wants " + shown(p.Name) + " to be " + p.words() + "."
}

// words is what a value has to be, such as "one of i-1, i-2" or "a whole number from 1 to 10".
func (p *Parameter) words() string {
	if len(p.Allow) > 0 { // and those hold the rest
		return oneOf(p.Allow)
	}
	return p.shape()
}

// shape is words without Allow.
func (p *Parameter) shape() string {
	text := "text"
	switch {
	case p.Secret:
		text = "the name of an SSM parameter that holds the secret, such as /path/name"
	case p.Min != nil && p.Max != nil:
		text = "a whole number from " + strconv.FormatInt(*p.Min, 10) + " to " + strconv.FormatInt(*p.Max, 10)
	case p.Min != nil:
		text = "a whole number of " + strconv.FormatInt(*p.Min, 10) + " or more"
	case p.Max != nil:
		text = "a whole number of " + strconv.FormatInt(*p.Max, 10) + " or less"
	}
	if p.Secret && p.Pattern != "" {
		text += ","
	}
	if p.Pattern != "" {
		text += " that matches " + short(p.Pattern, 200) + " as a whole"
	}
	return text
}
