package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
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
			if n := edits(low, lw); n <= limit && n < len(lw) {
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

// edits counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment) between bytes.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// meant renders suggestions as " Did you mean x?", or nothing.
func meant(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " Did you mean " + join(words, "or") + "?"
}
