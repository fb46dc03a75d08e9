package runbook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// runeSet is a set of characters as ranges, both ends included, in any order unless sorted.
type runeSet [][2]rune

// sorted merges the ranges in their order.
func (s runeSet) sorted() runeSet {
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b [2]rune) int { return int(a[0]) - int(b[0]) })
	var out runeSet
	for _, r := range s {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

func (s runeSet) not() runeSet {
	var out runeSet
	from := rune(0)
	for _, r := range s.sorted() {
		if r[0] > from {
			out = append(out, [2]rune{from, r[0] - 1})
		}
		from = r[1] + 1
	}
	if from <= unicode.MaxRune {
		out = append(out, [2]rune{from, unicode.MaxRune})
	}
	return out
}

func (s runeSet) and(t runeSet) runeSet { return append(s.not(), t.not()...).not() }

// foldASCII adds the other case of every ASCII letter, which is all that Java's flag i does.
func (s runeSet) foldASCII() runeSet {
	out := slices.Clone(s)
	for _, r := range s {
		for _, letters := range [][3]rune{{'a', 'z', 'A' - 'a'}, {'A', 'Z', 'a' - 'A'}} {
			if from, to := max(r[0], letters[0]), min(r[1], letters[1]); from <= to {
				out = append(out, [2]rune{from + letters[2], to + letters[2]})
			}
		}
	}
	return out
}

func fromTable(t *unicode.RangeTable) runeSet {
	var out runeSet
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			out = append(out, [2]rune{lo, hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			out = append(out, [2]rune{r, r})
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return out
}

// write gives the set as an engine reads it.
func (s runeSet) write() string {
	s = s.sorted()
	if len(s) == 0 {
		return `[^\x{0}-\x{10FFFF}]`
	}
	if len(s) == 1 && s[0][0] == s[0][1] {
		return fmt.Sprintf(`\x{%X}`, s[0][0])
	}
	var b strings.Builder
	b.WriteByte('[')
	for _, r := range s {
		fmt.Fprintf(&b, `\x{%X}`, r[0])
		if r[1] > r[0] {
			fmt.Fprintf(&b, `-\x{%X}`, r[1])
		}
	}
	b.WriteByte(']')
	return b.String()
}

// class reads a character class after its opening bracket: items, ranges, classes in it, and &&.
func (j *javaReader) class() (runeSet, error) {
	if j.depth++; j.depth > maxPatternDepth {
		return nil, fmt.Errorf("the pattern nests deeper than %d levels", maxPatternDepth)
	}
	defer func() { j.depth-- }()
	negated := j.skip("^")
	all := runeSet{}.not()
	var part runeSet
	empty, operators := true, false
	for {
		switch {
		case !j.more():
			return nil, errors.New("a class is not closed")
		case j.peek() == ']' && !empty:
			j.pos++
			set := all.and(part)
			if negated && operators {
				// Java 8 and Java 9 read these differently.
				return nil, errors.New("a negated class with classes or && in it cannot be checked here")
			}
			if negated {
				set = set.not()
			}
			return set, nil
		case j.skip("&&"):
			if empty {
				return nil, errors.New("a class has nothing before &&")
			}
			all, part, empty, operators = all.and(part), nil, true, true
			if j.peek() == ']' {
				return nil, errors.New("a class has nothing after &&")
			}
		default:
			set, nested, err := j.classItem()
			if err != nil {
				return nil, err
			}
			part, empty, operators = append(part, set...), false, operators || nested
		}
	}
}

// classItem reads a class in a class, an escape, a character or a range.
func (j *javaReader) classItem() (set runeSet, nested bool, err error) {
	if j.skip("[") {
		set, err = j.class()
		return set, true, err
	}
	set, err = j.classEnd()
	if err != nil {
		return nil, false, err
	}
	single := len(set) == 1 && set[0][0] == set[0][1]
	if !single || j.peek() != '-' || j.pos+1 >= len(j.in) || j.in[j.pos+1] == ']' || j.in[j.pos+1] == '[' {
		return j.folded(set), false, nil
	}
	j.pos++
	to, err := j.classEnd()
	if err != nil {
		return nil, false, err
	}
	if len(to) != 1 || to[0][0] != to[0][1] || to[0][0] < set[0][0] {
		return nil, false, errors.New("a class has a range that does not go up")
	}
	return j.folded(runeSet{{set[0][0], to[0][0]}}), false, nil
}

func (j *javaReader) classEnd() (runeSet, error) {
	r, err := j.next()
	switch {
	case err != nil:
		return nil, err
	case r != '\\':
		return runeSet{{r, r}}, nil
	case j.peek() == 'Q':
		return nil, errors.New("\\Q in a class cannot be checked here")
	}
	return j.escapedSet()
}
