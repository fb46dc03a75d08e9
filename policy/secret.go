package policy

import (
	"slices"
	"strings"
)

// maxLevels are those of an SSM parameter's name: docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-hierarchies.html.
const maxLevels = 15

// isSecretName says whether a value is the name of an SSM parameter with its path. A path keeps a secret that somebody
// types by mistake from being taken for a name. Each level begins with a letter, a digit or _, though SSM takes . and -.
func isSecretName(value string) bool {
	levels := strings.Split(value, "/")
	if len(value) > MaxValueLength || len(levels) < 2 || len(levels) > maxLevels+1 || levels[0] != "" {
		return false
	}
	for _, level := range levels[1:] {
		if level == "" || level[0] == '.' || level[0] == '-' {
			return false
		}
		for i := range len(level) {
			if c := level[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
				return false
			}
		}
	}
	return true
}

// notKept stands in a record for what may be a secret that somebody typed.
const notKept = "(not kept)"

// TakesSecrets says whether a parameter of it takes the name of a secret. Then a line that somebody typed may have the
// secret itself, even behind another name, and is not to be shown. A nil runbook takes none.
func (r *Runbook) TakesSecrets() bool {
	return r != nil && slices.ContainsFunc(r.Parameters, func(p Parameter) bool { return p.Secret })
}

// withheld is what a person gave without what may be a secret: of a runbook that takes the name of one, everything that
// is no name, for that parameter or for one that is not listed and may be a misspelling of it.
func (r *Runbook) withheld(given map[string][]string) map[string][]string {
	if !r.TakesSecrets() {
		return given
	}
	kept := make(map[string][]string, len(given))
	for name, values := range given {
		kept[name] = values
		if p, listed := r.Parameter(name); listed && !p.Secret {
			continue
		}
		kept[name] = make([]string, len(values))
		for i, value := range values {
			kept[name][i] = value
			if !isSecretName(value) {
				kept[name][i] = notKept
			}
		}
	}
	return kept
}
