package runbook

import (
	"strings"
	"testing"
	"time"
)

// Each row is a pattern, values that Java takes and values that it refuses. Checked with java.util.regex's documentation.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, texts := range map[string][2][]string{
		`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,1023}$`: {{"cluster-1"}, {"-x", ""}},
		`^(?!.*--)[a-z-]+$`:                  {{"a-b"}, {"a--b"}},
		`a|b`:                                {{"a", "b"}, {"ab"}},
		`^$|^mrk-[a-z0-9]{1,2044}$`:          {{"", "mrk-1"}, {"mrk-"}},
		`[]a]`:                               {{"]", "a"}, {"b"}},
		`\[x\]`:                              {{"[x]"}, {"x"}},
		`a++b`:                               {{"aab"}, {"b"}},
		`a*+a`:                               {nil, {"aaa"}},
		`(?:ab|a){1,2}+b`:                    {{"ababb"}, {"ab", "aab"}},
		`a?+a`:                               {{"aa"}, {"a"}},
		`\p{Alpha}+`:                         {{"aZ"}, {"é", "1"}},
		`\P{Alpha}+`:                         {{"é1"}, {"a"}},
		`[\p{Lower}\p{Digit}]+`:              {{"a1"}, {"A"}},
		`\p{Lu}\pL\p{IsL}`:                   {{"Éaß"}, {"éaa"}},
		`\p{IsGreek}+`:                       {{"αβ"}, {"ab"}},
		`\p{Punct}\p{Space}\p{XDigit}`:       {{"! F"}, {"!xF"}},
		`a\hb\Hc`:                            {{"a bxc", "a\u00a0bxc"}, {"a\nbxc", "a b c"}},
		`a\vb`:                               {{"a\nb", "a\u2028b", "a\vb"}, {"a b", "avb"}},
		`a\Rb`:                               {{"a\r\nb", "a\nb"}, {"ab"}},
		`.`:                                  {{"x", "é", "\v"}, {"\n", "\r", "\u0085", "\u2028"}},
		`(?s).`:                              {{"\n"}, {""}},
		`(?i)ab[c-e]`:                        {{"aBD"}, {"abx"}},
		`(?i)k[^s]`:                          {{"Kt"}, {"\u212at", "kS", "ks"}},
		`a(?i:b)c`:                           {{"aBc"}, {"aBC"}},
		`(?i)a(?-i)b`:                        {{"Ab"}, {"AB"}},
		`[a-z&&[^b]]+`:                       {{"ac"}, {"ab"}},
		`[a-z&&[def]&&[e-z]]`:                {{"e", "f"}, {"d", "g"}},
		`[a-d[m-p]]`:                         {{"a", "n"}, {"e"}},
		`[^a-z]`:                             {{"A"}, {"b"}},
		`[a&b]`:                              {{"&"}, {"c"}},
		`[\w.-]+`:                            {{"a-b.c"}, {"é"}},
		`[+--]`:                              {{","}, {"."}},
		`[a-]`:                               {{"-"}, {"b"}},
		`\Q.*\E+`:                            {{".*", ".***"}, {"x", ".*.*"}},
		`\x41\x{42}\u0043\0104\cA\e\t`:       {{"ABCD\x01\x1b\t"}, {"ABCD"}},
		`(a)(b)\2\1`:                         {{"abba"}, {"abab"}},
		`(?<y>a|b)\k<y>`:                     {{"bb"}, {"ab"}},
		`(?>a|ab)c`:                          {{"ac"}, {"abc"}},
		`(?<=x)a|(?<!y)b`:                    {{"b"}, {"a"}},
		`\d{3}\s\S\D\W\w`:                    {{"123 xy-_"}, {"12٣ xy-_"}},
		`}x]`:                                {{"}x]"}, {"x"}},
		`\ba\B`:                              {nil, {"a"}},
		`[a&&b]`:                             {nil, {"a", "b"}},
		`\A(ab)?\Z`:                          {{"", "ab"}, {"ab\n"}},
		`[\s\S]{1,2000}`:                     {{"a\nb"}, {""}},
		`a{1001}`:                            {{strings.Repeat("a", 1001)}, {"a"}},
		`\_\-\/\@\é`:                         {{"_-/@é"}, {"x"}},
	} {
		match, err := compile(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		for i, want := range []bool{true, false} {
			for _, text := range texts[i] {
				if ok, err := match(text); ok != want || err != nil {
					t.Errorf("%s on %q: %v, %v", pattern, text, ok, err)
				}
			}
		}
	}
}

func TestPatternsThatCannotBeChecked(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{`(`, `)`, `a)`, `[`, `[]`, `[^]`, `[a`, `*`, `+a`, `a{`, `a{x}`, `a{2,1}`, `{`, `a{,3}`, `(?`, `(?<`, `(?<a`, `(?<a_b>x)`, `(?<1>x)`, `(?P<a>x)`, `(?m)^a`, `(?x)a`,
		`\`, `\p`, `\p{`, `\p{Nobody}`, `\p{InGreek}`, `\q`, `\X`, `\G`, `\1`, `(a)\12`, `(?<a>b)(c)\1`, `\xZ`, `\x{110000}`, `\u12`, `[b-a]`, `[a-\d]`, `[&&a]`, `[a&&]`, `[^a[b]]`, `[^a&&b]`, `^*`,
		`(?=a)*`, `\k`, `\k<x>`, `[\Qa\E]`, `a**`, `a+*`, `\b{g}`, strings.Repeat("(", 200) + strings.Repeat(")", 200), strings.Repeat("[", 200), strings.Repeat(`\p{L}`, 400)} {
		if _, err := compile(pattern); err == nil {
			t.Errorf("%.40s was taken", pattern)
		}
	}
}

func TestCatastrophicPatternsAreBounded(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{`^(a+)+(?!x)$`, `(?=(a|aa)+$)a*b`, `(a*)*\1b`} {
		match, err := compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if ok, _ := match(strings.Repeat("a", 400) + "!"); ok {
			t.Errorf("%s matches", pattern)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %s", pattern, took)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{`^[a-z&&[^b]]++$`, `(?i)\p{Alpha}{2,}|\Qx\E`, `(?<n>a)\k<n>(?!b)`, `[^\d\s]\x{41}\R`} {
		f.Add(pattern, "abAB1 ")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 1000 || len(text) > 600 {
			return
		}
		match, err := compile(pattern)
		if err != nil {
			return
		}
		if ok, err := match(text); ok && err != nil {
			t.Errorf("%q on %q: matches with %v", pattern, text, err)
		}
	})
}
