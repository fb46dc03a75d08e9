package runbook

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Java's regular expressions: docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html. They are
// read here and written again with groups, repetitions and sets of characters alone, which every engine reads the same.

const (
	// maxPatternDepth bounds nested groups and classes.
	maxPatternDepth = 100
	// maxTranslated bounds the written pattern in bytes: \p{L} alone becomes 600 ranges.
	maxTranslated = 256 << 10
)

var groupName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]*$`)

var errPatternEnds = errors.New("the pattern ends too early")

// javaReader reads one pattern.
type javaReader struct {
	in    []rune
	pos   int
	depth int
	// fold and dotAll are the flags i and s at this place.
	fold, dotAll bool
	// groups counts those that capture; named and numbered say which references there are.
	groups          int
	named, numbered bool
	written         int
	// all are the characters that anything in the pattern stands for.
	all runeSet
}

// write gives a set as an engine reads it, and remembers what is in it.
func (j *javaReader) write(set runeSet) string {
	if len(j.all) > 10_000 {
		j.all = j.all.sorted()
	}
	j.all = append(j.all, set...)
	return set.write()
}

func translateJava(pattern string) (string, error) {
	j := &javaReader{in: []rune(pattern)}
	out, err := j.alternatives()
	switch {
	case err != nil:
		return "", err
	case j.more():
		return "", errors.New("a parenthesis is closed that was not opened")
	case j.named && j.numbered:
		return "", errors.New("named groups together with \\1 cannot be checked here")
	}
	return out, nil
}

func (j *javaReader) more() bool { return j.pos < len(j.in) }

func (j *javaReader) peek() rune {
	if !j.more() {
		return -1
	}
	return j.in[j.pos]
}

func (j *javaReader) next() (rune, error) {
	if !j.more() {
		return 0, errPatternEnds
	}
	j.pos++
	return j.in[j.pos-1], nil
}

// skip takes text if it comes next.
func (j *javaReader) skip(text string) bool {
	n := 0
	for _, r := range text {
		if j.pos+n >= len(j.in) || j.in[j.pos+n] != r {
			return false
		}
		n++
	}
	j.pos += n
	return true
}

// until takes everything up to an end mark, and the mark.
func (j *javaReader) until(end string) (string, error) {
	from := j.pos
	for ; j.more(); j.pos++ {
		to := j.pos
		if j.skip(end) {
			return string(j.in[from:to]), nil
		}
	}
	return "", errPatternEnds
}

// alternatives reads up to a closing parenthesis or the end.
func (j *javaReader) alternatives() (string, error) {
	if j.depth++; j.depth > maxPatternDepth {
		return "", fmt.Errorf("the pattern nests deeper than %d levels", maxPatternDepth)
	}
	defer func() { j.depth-- }()
	var b strings.Builder
	for j.more() && j.peek() != ')' {
		if j.skip("|") {
			b.WriteByte('|')
			continue
		}
		piece, err := j.piece()
		if err != nil {
			return "", err
		}
		if j.written += len(piece); j.written > maxTranslated {
			return "", errors.New("the pattern is too large to be checked here")
		}
		b.WriteString(piece)
	}
	return b.String(), nil
}

// piece reads something and how often it repeats.
func (j *javaReader) piece() (string, error) {
	one, repeats, err := j.atom()
	if err != nil {
		return "", err
	}
	times, err := j.repetition()
	switch {
	case err != nil:
		return "", err
	case times == "":
		return one, nil
	case !repeats:
		return "", fmt.Errorf("a repetition of %q cannot be checked here", one)
	}
	switch {
	case j.skip("?"):
		return one + times + "?", nil
	case j.skip("+"): // possessive: takes all it can and gives nothing back
		return "(?>" + one + times + ")", nil
	}
	return one + times, nil
}

func (j *javaReader) repetition() (string, error) {
	switch {
	case j.skip("*"):
		return "*", nil
	case j.skip("+"):
		return "+", nil
	case j.skip("?"):
		return "?", nil
	case !j.skip("{"):
		return "", nil
	}
	text, err := j.until("}")
	if err != nil {
		return "", err
	}
	least, most, several := strings.Cut(text, ",")
	from, err := strconv.ParseUint(least, 10, 31)
	if err != nil {
		return "", fmt.Errorf("{%s} is no repetition", text)
	}
	if several && most != "" {
		if to, err := strconv.ParseUint(most, 10, 31); err != nil || to < from {
			return "", fmt.Errorf("{%s} is no repetition", text)
		}
	}
	return "{" + text + "}", nil
}

// atom reads one thing that can match. repeats says whether a repetition may follow.
func (j *javaReader) atom() (out string, repeats bool, err error) {
	r, err := j.next()
	if err != nil {
		return "", false, err
	}
	switch r {
	case '(':
		return j.group()
	case '[':
		set, err := j.class()
		return j.write(set), true, err
	case '\\':
		return j.escape()
	case '.':
		if j.dotAll {
			return j.write(runeSet{}.not()), true, nil
		}
		return j.write(lineEnds().not()), true, nil
	case '^':
		return `\A`, false, nil
	case '$':
		// Java's $ also stands before a line end at the very end, which a match of the whole value takes only together
		// with something after the $.
		return `\z`, false, nil
	case '*', '+', '?', '{':
		return "", false, fmt.Errorf("there is nothing to repeat before %c", r)
	}
	return j.write(j.one(r)), true, nil
}

// one is a character, or both its cases.
func (j *javaReader) one(r rune) runeSet { return j.folded(runeSet{{r, r}}) }

func (j *javaReader) folded(s runeSet) runeSet {
	if j.fold {
		return s.foldASCII()
	}
	return s
}

// group reads what follows an opening parenthesis.
func (j *javaReader) group() (out string, repeats bool, err error) {
	fold, dotAll := j.fold, j.dotAll
	open, repeats := "(", true
	switch {
	case !j.skip("?"):
		j.groups++
	case j.skip(":"):
		open = "(?:"
	case j.skip(">"):
		open = "(?>"
	case j.skip("="):
		open, repeats = "(?=", false
	case j.skip("!"):
		open, repeats = "(?!", false
	case j.skip("<="):
		open, repeats = "(?<=", false
	case j.skip("<!"):
		open, repeats = "(?<!", false
	case j.skip("<"):
		name, err := j.until(">")
		if err != nil || !groupName.MatchString(name) {
			return "", false, errors.New("a group has no valid name")
		}
		j.groups, j.named = j.groups+1, true
		open = "(?<" + name + ">"
	default:
		only, err := j.flags()
		if err != nil || only {
			return "", false, err
		}
		open = "(?:"
	}
	inner, err := j.alternatives()
	if err != nil {
		return "", false, err
	}
	if !j.skip(")") {
		return "", false, errors.New("a parenthesis is not closed")
	}
	j.fold, j.dotAll = fold, dotAll
	return open + inner + ")", repeats, nil
}

// flags reads (?i) or (?i: up to its end. only says that the group holds flags alone, which count from here on.
func (j *javaReader) flags() (only bool, err error) {
	on := true
	for {
		r, err := j.next()
		if err != nil {
			return false, err
		}
		switch r {
		case '-':
			on = false
		case 'i':
			j.fold = on
		case 's':
			j.dotAll = on
		case ':':
			return false, nil
		case ')':
			return true, nil
		default:
			return false, fmt.Errorf("the flag %c cannot be checked here", r)
		}
	}
}
