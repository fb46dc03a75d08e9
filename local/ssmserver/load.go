package ssmserver

// Load adds a document of the account, or puts it in the place of the one that has its name, also if AWS reserves such
// names. The error is a *runbook.ParseError for content that is no runbook.
func (s *Server) Load(name, content string) error { return s.documents.replace(name, content) }

func (l *library) replace(name, content string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.documents[name]
	delete(l.documents, name)
	err := l.load(name, l.account, content)
	if err != nil && before != nil {
		l.documents[name] = before
	}
	return err
}
