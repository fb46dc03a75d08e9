package ssmserver

import (
	"slices"
	"testing"
)

// waves starts as many children as there is room for, ends all of them, and tells how many each wave had.
func waves(p *pace, targets int) []int {
	var out []int
	for targets > 0 && p.room() {
		wave := 0
		for ; targets > 0 && p.room(); targets-- {
			p.begin()
			wave++
		}
		for range wave {
			p.end(true)
		}
		out = append(out, wave)
	}
	return out
}

func TestTheRamp(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string][]int{
		"1":    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"2":    {1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1},
		"5":    {1, 2, 4, 5, 5, 3},
		"":     {1, 2, 4, 8, 5}, // 10
		"100":  {1, 2, 4, 8, 5},
		"1%":   {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
		"15%":  {1, 2, 3, 3, 3, 3, 3, 2},
		"16%":  {1, 2, 4, 4, 4, 4, 1},
		"100%": {1, 2, 4, 8, 5},
	} {
		if got := waves(newPace(limit, "0", 20, targetsAtOnce), 20); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", limit, got, want)
		}
	}
}

// At its most, each child that ends makes room for one; before, only all of them together do.
func TestTheWindow(t *testing.T) {
	t.Parallel()
	p := newPace("3", "9", 20, targetsAtOnce)
	step := func(what string, room bool) {
		t.Helper()
		if p.room() != room {
			t.Errorf("after %s: room is %v", what, !room)
		}
	}
	p.begin()
	step("the first start", false)
	p.end(false)
	p.begin()
	step("the second start", true)
	p.begin()
	step("the third start", false)
	p.end(true)
	step("one of two ended", false)
	p.end(true)
	for range 3 {
		step("room for three", true)
		p.begin()
	}
	step("three run", false)
	p.end(true)
	step("one of three ended", true)
}

func TestErrorsThatStop(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]int{"0": 1, "3": 4, "10%": 6, "0%": 1, "1%": 1, "100%": 51, "": 1, "9999999": 10_000_000} {
		p := newPace("1", limit, 50, targetsAtOnce)
		if p.allowed+1 != want {
			t.Errorf("%q of 50 stops at error %d, want %d", limit, p.allowed+1, want)
		}
		for range min(want, 100) {
			if p.stopped() {
				t.Fatalf("%q: stopped at error %d", limit, p.errors)
			}
			p.begin()
			p.end(false)
		}
		if want <= 100 && (!p.stopped() || p.room()) {
			t.Errorf("%q: goes on after %d errors", limit, p.errors)
		}
	}
}
