package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is what our import paths begin with, and root is where its files are.
const (
	module = "handrail/"
	root   = "../.."
)

// floors are the rooms of the house. Imports go down, never up or sideways.
var floors = map[string]int{
	"cmd/bot": 6, "bot": 5, "commands": 4, "store": 4, "schedule": 3, "incident": 3,
	"automation": 2, "policy": 1, "audit": 1, "runbook": 0,
}

// annexes are the local servers, with what of ours they may import. They stand beside the house: the program and tests
// may use them, and nothing else may.
var annexes = map[string][]string{"local/slackserver": nil, "local/ssmserver": {"runbook"}}

// libraries says who may name a library; tests are who may name it in their tests as well.
var libraries = []struct{ prefix, rooms, tests string }{
	{"github.com/slack-go/slack", "bot", "local/slackserver"},
	{"github.com/aws/", "automation cmd/bot", "local/ssmserver"},
	{"database/sql", "store", ""},
	{"modernc.org/sqlite", "store", ""},
	{"github.com/jackc/pgx", "store", ""},
	{"github.com/pressly/goose", "store", ""},
	{"unsafe", "", ""}, // could make a Decision that allows
}

// source is one Go file of ours, whatever platform it is for.
type source struct {
	path string // from the root, with slashes
	test bool
	file *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		paths = append(paths, p)
	}
	return paths
}

func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	for _, name := range tracked(t) {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") || strings.HasPrefix(name, "docs/") {
			continue // docs has a tool that is no package of the program
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, filepath.FromSlash(name)), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, source{path: name, test: strings.HasSuffix(name, "_test.go"), file: file})
	}
	if len(found) < 50 {
		t.Fatalf("only %d Go files were found: the test does not see the house", len(found))
	}
	return found
}

// tracked lists the files of the repository, or of the directory where there is no repository, as in an archive.
func tracked(t *testing.T) []string {
	t.Helper()
	var names []string
	if out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output(); err == nil {
		for _, name := range strings.Split(strings.Trim(string(out), "\x00"), "\x00") {
			if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err == nil {
				names = append(names, name)
			}
		}
		return names
	}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			rel, _ := filepath.Rel(root, name) // name is below root
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// room is the top of the house's part that a directory belongs to, or "" if it belongs to none.
func room(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		_, onFloor := floors[d]
		_, annex := annexes[d]
		if onFloor || annex {
			return d
		}
	}
	return ""
}

// mayImport says why a file in one room may not import a directory of another, or "" if it may.
func mayImport(from string, test bool, dir string) string {
	to := room(dir)
	floor, inside := floors[to]
	allowed, annex := annexes[from]
	switch {
	case to == "":
		return fmt.Sprintf("%s is in no room of the house", dir)
	case to == from:
		return ""
	case annex && !slices.Contains(allowed, to):
		return fmt.Sprintf("%s stands alone and imports %s", from, dir)
	case annex:
		return ""
	case !inside && !test && from != "cmd/bot":
		return fmt.Sprintf("%s imports the local server %s outside of its tests", from, dir)
	case inside && floor >= floors[from]:
		return fmt.Sprintf("%s on floor %d imports %s on floor %d", from, floors[from], dir, floor)
	}
	return ""
}

// mayName says why a file may not import a library, or "" if it may.
func mayName(from string, test bool, library string) string {
	for _, l := range libraries {
		if library != l.prefix && !strings.HasPrefix(library, strings.TrimSuffix(l.prefix, "/")+"/") {
			continue
		}
		rooms := strings.Fields(l.rooms)
		if test {
			rooms = append(rooms, strings.Fields(l.tests)...)
		}
		if !slices.Contains(rooms, from) {
			return fmt.Sprintf("%s imports %s, which belongs to %q alone", from, library, l.rooms)
		}
	}
	return ""
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		from := room(s.dir())
		if from == "" {
			t.Errorf("%s: the package is in no room of the house; see docs/architecture.md", s.path)
		}
		for _, p := range s.imports() {
			problem := mayName(from, s.test, p)
			if dir, ours := strings.CutPrefix(p, module); ours {
				problem = mayImport(from, s.test, dir)
			}
			if problem != "" {
				t.Errorf("%s: %s", s.path, problem)
			}
		}
	}
}

func TestImportRulesRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from    string
		test    bool
		imports string
		ok      bool
	}{
		{"bot", false, "handrail/commands", true},
		{"bot", false, "handrail/local/slackserver/blockkit", false},
		{"bot", true, "handrail/local/slackserver/blockkit", true},
		{"store", true, "handrail/store/storetest", true},
		{"commands", false, "handrail/store", false},
		{"policy", false, "handrail/audit", false},
		{"policy", true, "handrail/automation", false},
		{"automation", false, "handrail/internal/util", false},
		{"cmd/bot", false, "handrail/local/ssmserver", true},
		{"local/ssmserver", false, "handrail/runbook", true},
		{"local/ssmserver", true, "handrail/policy", false},
		{"local/slackserver", false, "handrail/runbook", false},
		{"local/slackserver", false, "github.com/slack-go/slack", false},
		{"local/slackserver", true, "github.com/slack-go/slack/socketmode", true},
		{"commands", true, "github.com/slack-go/slack", false},
		{"store", false, "github.com/aws/aws-sdk-go-v2/service/ssm", false},
		{"automation", false, "github.com/aws/smithy-go", true},
		{"automation", false, "database/sql", false},
		{"cmd/bot", false, "github.com/jackc/pgx/v5/stdlib", false},
		{"policy", false, "unsafe", false},
	} {
		problem := mayName(c.from, c.test, c.imports)
		if dir, ours := strings.CutPrefix(c.imports, module); ours {
			problem = mayImport(c.from, c.test, dir)
		}
		if (problem == "") != c.ok {
			t.Errorf("%s (test: %v) imports %s: allowed should be %v, and the rule says %q", c.from, c.test, c.imports, c.ok, problem)
		}
	}
}

// namings counts where a file uses a field, method or function of that name.
func namings(file *ast.File, name string) int {
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == name {
			count++
		}
		return true
	})
	return count
}

func TestOneDoorToAWS(t *testing.T) {
	t.Parallel()
	var found []string
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.path, "local/") {
			continue
		}
		for range namings(s.file, "StartAutomationExecution") {
			found = append(found, s.path)
		}
	}
	if !slices.Equal(found, []string{"automation/ssm.go"}) {
		t.Errorf("StartAutomationExecution is named in %q; it has one call site, in automation/ssm.go", found)
	}
}

func TestOnlyPolicyAllows(t *testing.T) {
	t.Parallel()
	var makers []string
	for _, s := range sources(t) {
		if s.test || room(s.dir()) != "policy" {
			continue
		}
		for _, problem := range open(s.file, "Decision") {
			t.Errorf("%s: %s, so that others could make a Decision that allows", s.path, problem)
		}
		makers = append(makers, returning(s.file, "Decision")...)
	}
	slices.Sort(makers)
	if !slices.Equal(makers, []string{"Check", "Decide", "Decide"}) {
		t.Errorf("%q return a Decision; only Gate.Check, Decide and Case.Decide, which asks that, make one", makers)
	}
}

func TestOpenDecisionIsSeen(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", `package policy
		type Decision struct { Allowed bool; code string }
		func (d *Decision) UnmarshalJSON([]byte) error { return nil }
		func (d Decision) Code() string { return d.code }
		func Allow() (Decision, error) { return Decision{}, nil }
		func Maybe() *Decision { return nil }
		func decide() Decision { return start.StartAutomationExecution }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := open(file, "Decision"); len(got) != 2 {
		t.Errorf("found %q; there are an exported field and an exported method that changes it", got)
	}
	if got := returning(file, "Decision"); !slices.Equal(got, []string{"Allow", "Maybe"}) {
		t.Errorf("found the makers %q; they are Allow and Maybe", got)
	}
	if got := namings(file, "StartAutomationExecution"); got != 1 {
		t.Errorf("found %d uses of StartAutomationExecution; there is one", got)
	}
}

// open lists what lets other packages change a struct: exported fields, and exported methods on its pointer.
func open(file *ast.File, name string) []string {
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			body, ok := n.Type.(*ast.StructType)
			if n.Name.Name != name || !ok {
				return true
			}
			for _, field := range body.Fields.List {
				if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
					found = append(found, "its fields are not all unexported")
				}
			}
		case *ast.FuncDecl:
			if n.Recv == nil || !n.Name.IsExported() {
				return true
			}
			if ptr, ok := n.Recv.List[0].Type.(*ast.StarExpr); ok && isNamed(ptr.X, name) {
				found = append(found, "the method "+n.Name.Name+" has a pointer receiver")
			}
		}
		return true
	})
	return found
}

// returning lists the exported functions and methods that return the type or a pointer to it.
func returning(file *ast.File, name string) []string {
	var found []string
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !f.Name.IsExported() || f.Type.Results == nil {
			continue
		}
		if slices.ContainsFunc(f.Type.Results.List, func(r *ast.Field) bool {
			ptr, ok := r.Type.(*ast.StarExpr)
			return isNamed(r.Type, name) || ok && isNamed(ptr.X, name)
		}) {
			found = append(found, f.Name.Name)
		}
	}
	return found
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		documented[s.dir()] = documented[s.dir()] || s.file.Doc != nil && len(s.file.Doc.Text()) > 40
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no comment that says what it is for and what it must not know", dir)
		}
	}
}

// left matches what only makes sense on the machine or the day on which it was written.
var left = regexp.MustCompile(`(^|[^\w./~-])/(work|root|home)/|\b(TO` + `DO|FIX` + `ME)\b`)

func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	for _, name := range tracked(t) {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(content[:min(len(content), 8000)], 0) {
			continue // not text
		}
		for i, line := range strings.Split(string(content), "\n") {
			if hit := left.FindString(line); hit != "" {
				t.Errorf("%s:%d has %q", name, i+1, hit)
			}
		}
	}
	for _, line := range []string{"see /" + "home/ana/x", "\"/" + "root/.aws\"", "// TO" + "DO: later"} {
		if !left.MatchString(line) {
			t.Errorf("%q is not noticed", line)
		}
	}
}
