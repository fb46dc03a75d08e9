package policy

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what a person gives. They are those of StartAutomationExecution's Parameters in the AWS API model
// (AutomationParameterMap, AutomationParameterKey, AutomationParameterValueList, AutomationParameterValue).
const (
	MaxParameters      = 200 // parameters of one request
	MaxParameterName   = 50  // characters
	MaxParameterValues = 50  // values of one parameter
	MaxValueLength     = 512 // characters of one value
)

// hidden says whether text holds anything a reader would not see as it is: control, bidi and zero-width characters,
// spaces other than the plain one, fillers that print as nothing, private or unassigned characters, broken UTF-8.
func hidden(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) || r == utf8.RuneError || blank(r) {
			return true
		}
	}
	return false
}

// blank lists what counts as printable and still shows nothing: joiners, variation selectors, Hangul, Khmer and
// Mongolian fillers, the empty braille cell (Default_Ignorable_Code_Point of DerivedCoreProperties.txt, and U+2800).
func blank(r rune) bool {
	switch {
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x2800, r == 0x3164, r == 0xFFA0:
		return true
	case r >= 0x180B && r <= 0x180F, r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		return true
	}
	return false
}

// template says whether SSM would resolve a reference in the text.
func template(text string) bool { return strings.Contains(text, "{{") }

// shown makes text of unknown origin fit for a sentence: short, and quoted where it holds hidden characters.
func shown(text string) string { return short(text, 60) }

// short is shown for up to limit characters.
func short(text string, limit int) string {
	cut := text
	if utf8.RuneCountInString(text) > limit {
		cut = string([]rune(text)[:limit]) + "…"
	}
	if cut == "" || hidden(cut) {
		return strconv.QuoteToASCII(cut)
	}
	return cut
}

// join lists words as "a", "a and b" or "a, b and c".
func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
