package policy

import (
	"fmt"
	"strings"
	"testing"
)

// manyConditions is a policy file of n grants with a condition each, of which so many are different.
func manyConditions(n, different int) []byte {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(conditionPolicy, "    when: "))
	for i := range n {
		fmt.Fprintf(&b, "  - {name: g%d, to: [web], runbooks: [failover], channels: [\"#c\"], when: 'size(targets)<%d'}\n", i, i%different)
	}
	return []byte(b.String())
}

// BenchmarkReload measures what a changed policy costs: reading and checking 10,000 grants.
func BenchmarkReload(b *testing.B) {
	for _, different := range []int{1, 100, 10_000} {
		data := manyConditions(10_000, different)
		b.Run(fmt.Sprintf("10k-grants-%d-conditions", different), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, err := Parse("p", data); err != nil || len(p.grants) != 10_001 {
					b.Fatal(err)
				}
			}
		})
	}
}
