package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"handrail/runbook"
)

const (
	nearestWords  = 3  // suggestions at most
	nearestLength = 64 // longer words get no suggestion
)

// Nearest returns up to three of the words that somebody who wrote word may have meant, best first: those within a
// third of its length in edits, and those it begins. Case does not count. It is nil if there are none, or if word is
// empty or longer than 64 bytes.
func Nearest(word string, words []string) []string {
	if word == "" || len(word) > nearestLength || !utf8.ValidString(word) {
		return nil
	}
	type candidate struct {
		word     string
		distance int
	}
	var found []candidate
	low := strings.ToLower(word)
	limit := max(1, len(word)/3)
	for _, w := range words {
		lw := strings.ToLower(w)
		switch {
		case len(low) >= 2 && strings.HasPrefix(lw, low):
			found = append(found, candidate{w, min(limit, len(lw)-len(low))})
		case len(lw)-len(low) > limit || len(low)-len(lw) > limit:
		default:
			if n := runbook.Edits(low, lw); n <= limit && n < len(lw) {
				found = append(found, candidate{w, n})
			}
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.word, b.word))
	})
	var best []string
	for _, c := range found[:min(len(found), nearestWords)] {
		best = append(best, c.word)
	}
	return best
}

// meant renders suggestions as " Did you mean x?", or nothing.
func meant(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " Did you mean " + join(words, "or") + "?"
}
