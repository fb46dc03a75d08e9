package policy

import (
	"slices"
	"strings"
)

// scope is where one principal may do one thing with one runbook: the first plain grant for each kind of place, and all
// grants that are not plain.
type scope struct {
	special  []int32
	anywhere int32
	ids      map[string]int32
	names    map[string]int32
	globs    []glob
}

type glob struct {
	pattern string
	grant   int32
}

// add notes the channels of a grant. Grants come in order, so what is there already stays.
func (s *scope) add(channels []string, grant int32) {
	for _, c := range channels {
		switch {
		case c == Everything:
			if s.anywhere == none {
				s.anywhere = grant
			}
		case c[0] != '#':
			s.ids = first(s.ids, c, grant)
		case strings.Contains(c, "*"):
			if !slices.ContainsFunc(s.globs, func(g glob) bool { return g.pattern == c[1:] }) {
				s.globs = append(s.globs, glob{c[1:], grant})
			}
		default:
			s.names = first(s.names, c[1:], grant)
		}
	}
}

func first(m map[string]int32, name string, grant int32) map[string]int32 {
	if m == nil {
		m = map[string]int32{}
	}
	if _, ok := m[name]; !ok {
		m[name] = grant
	}
	return m
}

// in returns the first grant for the channel, or none. A shared channel is matched by its ID alone, a direct message
// by its ID or "*".
func (s *scope) in(c *Channel) int32 {
	grant := none
	if n, ok := s.ids[c.ID]; ok {
		grant = n
	}
	if c.Shared {
		return grant
	}
	grant = lower(grant, s.anywhere)
	if c.Name == "" {
		return grant
	}
	if n, ok := s.names[c.Name]; ok {
		grant = lower(grant, n)
	}
	for _, g := range s.globs {
		if matches(g.pattern, c.Name) {
			return lower(grant, g.grant)
		}
	}
	return grant
}

// find adds what a scope, perhaps nil, has for a channel.
func (s *scope) find(p *Policy, c *Channel, plain int32, specials []int32) (int32, []int32) {
	if s == nil {
		return plain, specials
	}
	for _, n := range s.special {
		if p.grants[n].in(c) {
			specials = append(specials, n)
		}
	}
	return lower(plain, s.in(c)), specials
}

// matches says whether a channel name fits a pattern in which * stands for any run of characters, none included.
func matches(pattern, name string) bool {
	var p, n int
	star, mark := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
