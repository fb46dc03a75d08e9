package policy

import (
	"slices"
	"strings"
)

// among says whether the policy counts a person among the names of groups and identities.
func (x *index) among(p *Policy, a *Actor, names []string) bool {
	identity, known := x.accounts[a.ID]
	for _, name := range names {
		n, ok := x.numbers[name]
		if !ok {
			continue
		}
		if known && slices.Contains(identity.principals, n) {
			return true
		}
		if g := x.group(p, name); g != nil && g.UserGroup != "" && slices.Contains(a.UserGroups, g.UserGroup) {
			return true
		}
	}
	return false
}

// perhaps is among where a user group whose members could not be looked up counts as well.
func (x *index) perhaps(p *Policy, a *Actor, names []string) bool {
	if x.among(p, a, names) {
		return true
	}
	for _, name := range names {
		if g := x.group(p, name); g != nil && g.UserGroup != "" && slices.Contains(a.Unread, g.UserGroup) {
			return true
		}
	}
	return false
}

// group returns the group of a name, or nil.
func (x *index) group(p *Policy, name string) *Group {
	i, ok := slices.BinarySearchFunc(p.groups, name, func(g Group, name string) int { return strings.Compare(g.Name, name) })
	if !ok {
		return nil
	}
	return &p.groups[i]
}

// people tells which of some accounts belong to one person: the same identity of the policy, the same address, or the
// U and the W form of one ID. What is so of two pairs is so of all.
type people struct {
	first []int // by account: place of the person's first account
}

func (x *index) people(accounts []Actor) people {
	p := people{first: make([]int, len(accounts))}
	for i := range accounts {
		p.first[i] = i
		for j := range i {
			if x.same(&accounts[i], &accounts[j]) {
				p.join(p.first[i], p.first[j])
			}
		}
	}
	return p
}

func (p people) join(a, b int) {
	low, high := min(a, b), max(a, b)
	for i := range p.first {
		if p.first[i] == high {
			p.first[i] = low
		}
	}
}

func (x *index) same(a, b *Actor) bool {
	if twin(a.ID) == twin(b.ID) {
		return true
	}
	if name := x.name(a.ID); name != "" && name == x.name(b.ID) {
		return true
	}
	mail := plainMail(a.Mail)
	return mail != "" && mail == plainMail(b.Mail)
}

// name is the identity of an account in either of its forms, or "".
func (x *index) name(account string) string {
	if person, ok := x.accounts[account]; ok {
		return person.name
	}
	if len(account) > 1 {
		for _, form := range []string{"U", "W"} {
			if person, ok := x.accounts[form+account[1:]]; ok {
				return person.name
			}
		}
	}
	return ""
}

// twin is an account without the letter that tells its forms apart.
// Enterprise Grid shows one account as U… or as W…: docs.slack.dev/enterprise/migrating-to-enterprise-organizations.
func twin(account string) string {
	if account != "" && (account[0] == 'U' || account[0] == 'W') {
		return account[1:]
	}
	return account
}

// plainMail is an address in lower case and without the +tag that mail servers ignore, or "". Dots stay: most servers
// tell a.b@ and ab@ apart.
func plainMail(mail string) string {
	mail = strings.ToLower(strings.TrimSpace(mail))
	local, domain, ok := strings.Cut(mail, "@")
	if !ok {
		return mail
	}
	if plain, _, _ := strings.Cut(local, "+"); plain != "" {
		local = plain
	}
	return local + "@" + domain
}
