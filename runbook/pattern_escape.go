package runbook

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// escape reads what follows a backslash outside of a class.
func (j *javaReader) escape() (out string, repeats bool, err error) {
	switch r := j.peek(); r {
	case 'Q':
		j.pos++
		return j.quoted()
	case 'b', 'B':
		j.pos++
		if j.peek() == '{' {
			return "", false, fmt.Errorf("\\%c{ cannot be checked here", r)
		}
		return `\` + string(r), false, nil
	case 'A':
		j.pos++
		return `\A`, false, nil
	case 'z', 'Z': // see $
		j.pos++
		return `\z`, false, nil
	case 'R':
		j.pos++
		return `(?:\r\n|` + j.write(verticals()) + `)`, true, nil
	case 'k':
		j.pos++
		if !j.skip("<") {
			return "", false, fmt.Errorf("\\k is not followed by a group's name")
		}
		name, err := j.until(">")
		if err != nil || !groupName.MatchString(name) {
			return "", false, fmt.Errorf("\\k is not followed by a group's name")
		}
		return `\k<` + name + `>`, true, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		j.pos++
		if next := j.peek(); next >= '0' && next <= '9' || int(r-'0') > j.groups {
			return "", false, fmt.Errorf("\\%c refers to a group that cannot be told here", r)
		}
		j.numbered = true
		return `(?:\` + string(r) + `)`, true, nil
	}
	set, err := j.escapedSet()
	return j.write(j.folded(set)), true, err
}

func (j *javaReader) quoted() (string, bool, error) {
	from := j.pos
	text, err := j.until(`\E`)
	if err != nil { // without an end it goes to the end
		text = string(j.in[from:])
	}
	var b strings.Builder
	for _, r := range text {
		b.WriteString(j.write(j.one(r)))
	}
	// Only the last character repeats, as in Java.
	return b.String(), text != "", nil
}

// escapedSet reads an escape that stands for characters, inside a class or outside.
func (j *javaReader) escapedSet() (runeSet, error) {
	r, err := j.next()
	if err != nil {
		return nil, err
	}
	if set, ok := shorthand(r); ok {
		return set, nil
	}
	switch r {
	case 'p', 'P':
		set, err := j.property()
		if r == 'P' {
			set = set.not()
		}
		return set, err
	case '0', 'x', 'u', 'c':
		c, err := j.code(r)
		return runeSet{{c, c}}, err
	}
	if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return nil, fmt.Errorf("\\%c cannot be checked here", r)
	}
	return runeSet{{r, r}}, nil
}

// shorthand gives the sets and characters that one letter names.
func shorthand(r rune) (runeSet, bool) {
	sets := map[rune]runeSet{'d': {{'0', '9'}}, 's': {{'\t', '\r'}, {' ', ' '}}, 'w': {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
		'h': {{'\t', '\t'}, {' ', ' '}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}},
		'v': verticals()}
	if set, ok := sets[r]; ok {
		return set, true
	}
	if set, ok := sets[unicode.ToLower(r)]; ok {
		return set.not(), true
	}
	one, ok := map[rune]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'a': '\a', 'e': 0x1B}[r]
	return runeSet{{one, one}}, ok
}

func verticals() runeSet { return runeSet{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}} }

// lineEnds are what a dot does not match.
func lineEnds() runeSet { return runeSet{{'\n', '\n'}, {'\r', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}} }

// code reads a character given by its number: \0 octal, \x and \u hexadecimal, \c control.
func (j *javaReader) code(kind rune) (rune, error) {
	if kind == 'c' {
		r, err := j.next()
		return r ^ 64, err
	}
	digits, least, most, base := "", 4, 4, 16
	switch {
	case kind == '0':
		least, most, base = 1, 3, 8
	case kind == 'x' && j.skip("{"):
		text, err := j.until("}")
		if err != nil {
			return 0, err
		}
		return number16(text)
	case kind == 'x':
		least, most = 2, 2
	}
	for len(digits) < most && j.more() {
		if _, err := strconv.ParseUint(string(j.peek()), base, 8); err != nil {
			break
		}
		digits += string(j.peek())
		j.pos++
	}
	if len(digits) < least {
		return 0, fmt.Errorf("\\%c is not followed by a number", kind)
	}
	value, err := strconv.ParseUint(digits, base, 32)
	return rune(value), err
}

func number16(text string) (rune, error) {
	value, err := strconv.ParseUint(text, 16, 32)
	if err != nil || value > unicode.MaxRune {
		return 0, fmt.Errorf("\\x{%s} is no character", text)
	}
	return rune(value), nil
}

// property reads the name after \p.
func (j *javaReader) property() (runeSet, error) {
	name := ""
	if j.skip("{") {
		text, err := j.until("}")
		if err != nil {
			return nil, err
		}
		name = text
	} else {
		r, err := j.next()
		if err != nil {
			return nil, err
		}
		name = string(r)
	}
	posix := map[string]runeSet{
		"Lower": {{'a', 'z'}}, "Upper": {{'A', 'Z'}}, "ASCII": {{0, 0x7F}}, "Alpha": {{'A', 'Z'}, {'a', 'z'}}, "Digit": {{'0', '9'}},
		"Alnum": {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}, "Punct": {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}, "Graph": {{'!', '~'}},
		"Print": {{' ', '~'}}, "Blank": {{'\t', '\t'}, {' ', ' '}}, "Cntrl": {{0, 0x1F}, {0x7F, 0x7F}}, "XDigit": {{'0', '9'}, {'A', 'F'}, {'a', 'f'}},
		"Space": {{'\t', '\r'}, {' ', ' '}},
	}
	if set, ok := posix[name]; ok {
		return set, nil
	}
	if table, ok := unicode.Categories[strings.TrimPrefix(name, "Is")]; ok {
		return fromTable(table), nil
	}
	if script, ok := strings.CutPrefix(name, "Is"); ok {
		if table, ok := unicode.Scripts[script]; ok {
			return fromTable(table), nil
		}
	}
	return nil, fmt.Errorf("\\p{%s} cannot be checked here", name)
}
