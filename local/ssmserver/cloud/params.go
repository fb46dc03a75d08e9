package cloud

// params are parameters that checkParams gave their types.
type params map[string]any

func (p params) has(name string) bool { return p[name] != nil }

func (p params) text(name string) string { v, _ := p[name].(string); return v }

func (p params) flag(name string) bool { v, _ := p[name].(bool); return v }

// number is a parameter, or fallback if it is not there.
func (p params) number(name string, fallback int64) int64 {
	if v, ok := p[name].(int64); ok {
		return v
	}
	return fallback
}

// texts is a list of strings, nil if it is not there.
func (p params) texts(name string) []string {
	list, _ := p[name].([]any)
	var out []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// sub is a structure, nil if it is not there.
func (p params) sub(name string) params { v, _ := p[name].(map[string]any); return v }

// list is a list of structures, nil if it is not there.
func (p params) list(name string) []params {
	list, _ := p[name].([]any)
	var out []params
	for _, item := range list {
		if sub, ok := item.(map[string]any); ok {
			out = append(out, sub)
		}
	}
	return out
}

// tags are the Key and Value of a list.
func (p params) tags(name string) map[string]string {
	out := map[string]string{}
	for _, tag := range p.list(name) {
		out[tag.text("Key")] = tag.text("Value")
	}
	return out
}

// changes sets those fields whose parameters are there.
func (p params) changes(texts map[string]*string, numbers map[string]*int64, flags map[string]*bool) {
	for name, field := range texts {
		if v, ok := p[name].(string); ok {
			*field = v
		}
	}
	for name, field := range numbers {
		if v, ok := p[name].(int64); ok {
			*field = v
		}
	}
	for name, field := range flags {
		if v, ok := p[name].(bool); ok {
			*field = v
		}
	}
}
