package ssmserver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// ask starts a document past the quota of calls.
func (b *bubble) ask(in startRequest) (*execution, error) {
	return b.server.startChild(b.server.home(caller{arn: "arn:aws:iam::123456789012:user/ana"}), in)
}

func (b *bubble) mustLaunch(document string) *execution {
	b.Helper()
	e, err := b.ask(startRequest{DocumentName: document})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// count tells how many executions have each status.
func (b *bubble) count() map[string]int {
	synctest.Wait()
	out := map[string]int{}
	for _, e := range b.server.executions.newest() {
		out[e.metadata().AutomationExecutionStatus]++
	}
	return out
}

func (b *bubble) wantCount(what string, want map[string]int) {
	b.Helper()
	if got := b.count(); fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestTheHundredAndFirstWaits(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.create("Test-Busy", stuck("a", `,"timeoutSeconds":60,"onFailure":"Continue"`)+","+stuck("b", `,"timeoutSeconds":60,"onFailure":"Continue"`))
		var all []*execution
		for range 104 {
			all = append(all, b.mustLaunch("Test-Busy"))
		}
		b.wantCount("after the start", map[string]int{"InProgress": 100, "Pending": 4})
		waiting := all[100]
		e := waiting.detail()
		if told(e) != "Pending: a=Pending b=Pending" || e.CurrentStepName != "" {
			b.Errorf("waits as %s at %q", told(e), e.CurrentStepName)
		}
		// One that is cancelled in the queue never runs, and those behind it move up.
		if err := all[101].stop(false); err != nil {
			b.Error(err)
		}
		synctest.Wait()
		b.want(all[101].detail(), "Cancelled: a=Pending b=Pending")
		if err := all[0].stop(false); err != nil {
			b.Error(err)
		}
		b.wantCount("after one is cancelled", map[string]int{"Cancelled": 2, "InProgress": 100, "Pending": 2})
		b.want(waiting.detail(), "InProgress: a=InProgress b=Pending")
		b.want(all[102].detail(), "Pending: a=Pending b=Pending")
		time.Sleep(121 * time.Second)
		b.wantCount("after two minutes", map[string]int{"Cancelled": 2, "InProgress": 2, "Success": 100})
		time.Sleep(121 * time.Second)
		b.wantCount("at the end", map[string]int{"Cancelled": 2, "Success": 102})
		if free := b.server.slots.runs.free; free != maxRunning {
			b.Errorf("%d slots are free", free)
		}
	})
}

func TestNothingWaitsWithoutQuotas(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Busy", stuck("a", `,"timeoutSeconds":60`))
		for range 300 {
			b.mustLaunch("Test-Busy")
		}
		b.wantCount("all", map[string]int{"InProgress": 300})
	})
}

// Four hundred more can wait in blocking actions.
func TestBlockingActionsMakeRoom(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.create("Test-Sleep", ok("a", "")+","+stuck("b", `,"timeoutSeconds":5`))
		for range 600 {
			b.mustLaunch("Test-Sleep")
		}
		b.wantCount("all asleep", map[string]int{"InProgress": maxRunning + maxBlocked, "Pending": 100})
		time.Sleep(1500 * time.Millisecond)
		busy := 0
		for _, e := range b.server.executions.newest() {
			if e.metadata().CurrentStepName == "b" {
				busy++
			}
		}
		if busy > maxRunning {
			b.Errorf("%d are busy at once", busy)
		}
		time.Sleep(10 * time.Minute)
		b.wantCount("at the end", map[string]int{"TimedOut": 600})
		if runs, blocked := b.server.slots.runs.free, b.server.slots.blocked.free; runs != maxRunning || blocked != maxBlocked {
			b.Errorf("free are %d and %d", runs, blocked)
		}
	})
}

// A hundred parents must not keep their children out.
func TestParentsGiveTheirSlotsToTheirChildren(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.create("Test-Grandchild", stuck("x", `,"timeoutSeconds":1,"onFailure":"Continue"`))
		b.create("Test-Child", child("a", `"DocumentName":"Test-Grandchild"`, "")+","+stuck("x", `,"timeoutSeconds":1,"onFailure":"Continue"`))
		b.create("Test-Parent", child("a", `"DocumentName":"Test-Child"`, "")+","+child("b", `"DocumentName":"Test-Child"`, ""))
		for range 130 {
			b.mustLaunch("Test-Parent")
		}
		time.Sleep(time.Hour)
		b.wantCount("at the end", map[string]int{"Success": 130 * 5})
		if free := b.server.slots.runs.free; free != maxRunning {
			b.Errorf("%d slots are free", free)
		}
	})
}

func TestParentsOfManyHaveTheirOwnSlots(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.runbook("Test-Leaf", "", `"N":{"type":"String"}`, stuck("x", `,"timeoutSeconds":2,"onFailure":"Continue"`), "")
		b.runbook("Test-Many", "", `"N":{"type":"String"}`, child("a", `"DocumentName":"Test-Leaf","TargetParameterName":"N","Targets":[{"Key":"ParameterValues","Values":["1","2","3"]}]`, ""), "")
		for range 40 {
			if _, err := b.ask(startRequest{DocumentName: "Test-Many", TargetParameterName: "N", Targets: []target{{Key: keyValues, Values: []string{"1", "2"}}}}); err != nil {
				b.Fatal(err)
			}
		}
		parents := func() map[string]int {
			synctest.Wait()
			out := map[string]int{}
			for _, e := range b.server.executions.newest() {
				if e.depth == 0 {
					out[e.metadata().AutomationExecutionStatus]++
				}
			}
			return out
		}
		if got := parents(); got["InProgress"] != maxRated || got["Pending"] != 15 {
			b.Errorf("parents: %v", got)
		}
		time.Sleep(time.Hour)
		if got := parents(); got["Success"] != 40 {
			b.Errorf("parents at the end: %v", got)
		}
		if runs, rated := b.server.slots.runs.free, b.server.slots.rated.free; runs != maxRunning || rated != maxRated {
			b.Errorf("free are %d and %d", runs, rated)
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.server.slots.runs.queue = 3
		b.create("Test-Busy", stuck("a", ""))
		for range maxRunning + 3 {
			b.mustLaunch("Test-Busy")
		}
		_, err := b.ask(startRequest{DocumentName: "Test-Busy"})
		var refused *apiError
		if !errors.As(err, &refused) || refused.code != "AutomationExecutionLimitExceededException" {
			b.Errorf("one more: %v", err)
		}
		if n := len(b.server.executions.newest()); n != maxRunning+3 {
			b.Errorf("%d are kept", n)
		}
		b.server.slots.rated.queue, b.server.slots.rated.free = 0, 0
		_, err = b.ask(startRequest{DocumentName: "Test-Busy", TargetMaps: []map[string][]string{{"P": {"x"}}}})
		if !errors.As(err, &refused) || refused.code != "AutomationExecutionLimitExceededException" {
			b.Errorf("a parent of many: %v", err)
		}
	})
}

// A child is part of an execution that was accepted.
func TestChildrenAreNotRefused(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.create("Test-Busy", stuck("a", `,"timeoutSeconds":60,"onFailure":"Continue"`))
		b.create("Test-Parent", stuck("a", `,"timeoutSeconds":1,"onFailure":"Continue"`)+","+child("b", `"DocumentName":"Test-Busy"`, ""))
		parent := b.mustLaunch("Test-Parent")
		for range maxRunning + 3 {
			b.mustLaunch("Test-Busy")
		}
		pool := b.server.slots.runs
		pool.mu.Lock()
		pool.queue = 0
		pool.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		children := b.children(parent.id)
		if len(children) != 1 || children[0].AutomationExecutionStatus != statusPending {
			b.Errorf("the children: %+v", children)
		}
		time.Sleep(5 * time.Minute)
		b.wantCount("at the end", map[string]int{"Success": maxRunning + 5})
	})
}

// Others have quotas of their own.
func TestOtherLocationsHaveOtherQuotas(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		b.create("Test-Busy", stuck("a", `,"timeoutSeconds":60`))
		for range maxRunning {
			b.mustLaunch("Test-Busy")
		}
		e, err := b.ask(startRequest{DocumentName: "Test-Busy", TargetLocations: []targetLocation{{Accounts: []string{other}, Regions: []string{"eu-west-1"}},
			{Accounts: []string{"123456789012"}, Regions: []string{"eu-west-1"}}}})
		if err != nil {
			b.Fatal(err)
		}
		synctest.Wait()
		statuses := map[string]string{}
		for _, child := range b.children(e.id) {
			ran, _ := b.server.executions.get(child.AutomationExecutionId)
			statuses[ran.account] = child.AutomationExecutionStatus
		}
		if statuses[other] != "InProgress" || statuses["123456789012"] != "Pending" {
			b.Errorf("children: %v", statuses)
		}
	})
}

func TestSlotsAreHandedOnInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, slotsInOrder)
}

func slotsInOrder(t *testing.T) {
	s := newSlots()
	s.runs.free = 1
	var all []*slot
	for range 4 {
		e := &execution{}
		if err := s.enter(e, false); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.slot)
	}
	back := all[0].rest(parental)
	if !all[1].held() || all[0].held() {
		t.Fatal("the second one waits")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	all[2].wait(gone)
	returned := make(chan struct{})
	go func() {
		back(t.Context())
		close(returned)
	}()
	synctest.Wait()
	all[1].leave()
	<-returned
	if !all[0].held() || all[3].held() {
		t.Error("who was there before goes first")
	}
	all[0].leave()
	if !all[3].held() || all[2].held() {
		t.Error("the third one left the queue")
	}
	all[0].leave()
	if all[3].leave(); s.runs.free != 1 {
		t.Errorf("%d are free", s.runs.free)
	}
	back(gone)
	if !all[0].held() {
		t.Error("one that is cancelled takes a free slot, too")
	}
}
