package main

import "testing"

func TestReadinessIsAskedWhereTheBotListens(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:9090": "127.0.0.1:9090/readyz",
		":9091":          "127.0.0.1:9091/readyz",
		"0.0.0.0:9090":   "127.0.0.1:9090/readyz",
		"[::]:9090":      "[::1]:9090/readyz",
		"[::1]:9090":     "[::1]:9090/readyz",
		"metrics:80":     "metrics:80/readyz",
	} {
		if got := readiness(listen); got != want {
			t.Errorf("%s is asked at %s, want %s", listen, got, want)
		}
	}
}
