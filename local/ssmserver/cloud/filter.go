package cloud

import (
	"slices"
	"strings"
)

// property gives what a thing has under a filter's name, and whether there is such a filter.
type property func(name string) (values []string, known bool)

// keeps says whether a thing passes the Filters of a request to EC2: any value of each filter, with * and ?.
func (in request) keeps(of property) (bool, error) {
	kept := true
	for _, f := range in.list("Filters") {
		values, known := of(f.text("Name"))
		if !known {
			return false, in.fail("InvalidParameterValue", "The filter '%s' is invalid", brief(f.text("Name")))
		}
		wanted := f.texts("Values")
		kept = kept && slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(wanted, func(pattern string) bool { return wild(pattern, v) })
		})
	}
	return kept, nil
}

// fields is a property of things that have tags.
func fields(tags map[string]string, of map[string][]string) property {
	return func(name string) ([]string, bool) {
		if key, ok := strings.CutPrefix(name, "tag:"); ok {
			if value, ok := tags[key]; ok {
				return []string{value}, true
			}
			return nil, true
		}
		if name == "tag-key" {
			keys := make([]string, 0, len(tags))
			for key := range tags {
				keys = append(keys, key)
			}
			return keys, true
		}
		values, known := of[name]
		return values, known
	}
}

// wild matches * for any text and ? for one character, in time that grows with the product of the lengths.
func wild(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
