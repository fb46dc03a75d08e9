package runbook

import (
	"fmt"
	"strings"
)

// maxNear is the longest name that gets a suggestion, in bytes.
const maxNear = 64

// didYouMean suggests the known name that is nearest to a mistyped one, "" if none is near.
func didYouMean(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if len(name) > maxNear || len(k) > maxNear || len(k)-len(name) > least || len(name)-len(k) > least {
			continue
		}
		if d := Edits(strings.ToLower(name), strings.ToLower(k)); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("Did you mean %s?", best)
}

// Edits counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment) between bytes. Its
// time and its memory grow with the product and the sum of the lengths.
func Edits(a, b string) int {
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
