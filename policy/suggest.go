package policy

// Nearest returns up to three of the words that somebody who wrote word may have meant, best first, or nil.
func Nearest(word string, words []string) []string { return nearest(word, words) }

// Parameter is the parameter that a no is about, as the person wrote it, or "" if it is about none.
func (d Decision) Parameter() string { return d.parameter }

// Value is the value that a no is about, as the person wrote it, or "" if it is about none.
func (d Decision) Value() string { return d.value }
