package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser finds Debian's chromium or another Chrome, or skips the test.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("HANDRAIL_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skip("there is no chromium on this machine")
	return ""
}

// page opens the demo's page in a headless browser. Whatever the page logs as an error fails the test.
func page(t *testing.T) (ctx context.Context, url string) {
	t.Helper()
	path := browser(t)
	slack, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ssm, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	serving, stop := context.WithCancel(context.Background())
	d, err := newDemo(serving, t.TempDir(), slack, ssm, slog.New(slog.DiscardHandler))
	check(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := d.run(serving); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); wg.Wait() })
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(filepath.Join(t.TempDir(), "browser")),
		chromedp.Flag("disable-background-networking", true)), chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw %v", e.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			if string(e.Type) == "error" {
				t.Errorf("the page logged %v", e.Args)
			}
		}
	}))
	t.Cleanup(cancel)
	return ctx, d.page()
}

// says waits until the page shows a text.
func says(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](fmt.Sprintf("document.body.innerText.includes(%q)", text), chromedp.WithPollingInterval(50*time.Millisecond))
}

// become switches to another person and waits until that person can type.
func become(who string) chromedp.Action[chromedp.Void] {
	ready := fmt.Sprintf("document.querySelector('textarea')?.placeholder.includes(%q)", "as "+who)
	return chromedp.Steps(chromedp.Click(chromedp.Search(`//*[@aria-label="Act as"]//button[contains(., "`+who+`")]`)),
		chromedp.Poll[chromedp.Void](ready, chromedp.WithPollingInterval(50*time.Millisecond)))
}

func typed(text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS("textarea"), text+"\n")
}

// steps returns how to do something in the page, which fails the test with what the page shows.
func steps(ctx context.Context, t *testing.T) func(name string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	check(t, chromedp.Do(ctx)) // starts the browser, which would otherwise end with the first step's time
	return func(name string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := chromedp.Do(limited, actions...); err != nil {
			text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
			t.Fatalf("%s: %v\nthe page shows\n%s", name, err, text)
		}
	}
}

// pressed clicks the button with this text: the last one on the page, or the one in the open dialog.
func pressed(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.Search(`(//button[normalize-space(.)="` + text + `"])[last()]`))
}

func confirmed(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.Search(`//dialog[@open]//button[normalize-space(.)="` + text + `"]`))
}

// TestPage is a person's first minute with the demo, in a real browser.
func TestPage(t *testing.T) {
	ctx, url := page(t)
	step := steps(ctx, t)
	step("opening the page", chromedp.Navigate(url), says("Welcome"), says("You are"))
	step("running a runbook", typed("/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"), says("Cancel"), says("stopInstances"), says("succeeded"))
	step("reading the thread", chromedp.Click(chromedp.Search(`//button[contains(., "replies")]`)), says("done"))
	step("being refused", become("mallory"), says("mallory"), typed("/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"),
		says("Only visible to you"), says("the default is no"))
	step("being someone else", become("ben"), typed("/runbook help"), says("/runbook cancel ID"))
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	check(t, err)
	if strings.Contains(text, "the default is no") {
		t.Error("ben sees what only mallory was told")
	}
}

// TestApprovalInThePage is how two people fail a database over, and a third asks for a restart, in a real browser.
func TestApprovalInThePage(t *testing.T) {
	ctx, url := page(t)
	step := steps(ctx, t)
	step("asking for what takes two", chromedp.Navigate(url), says("Welcome"),
		typed(`/runbook run failover-db ClusterId=shop-cluster reason="the writer is slow"`), says("waiting for approval"))
	step("agreeing to one's own", pressed("Approve"), confirmed("Approve"), says("so you cannot approve it"))
	step("agreeing as ben", become("ben"), says("waiting for approval"), pressed("Approve"), confirmed("Approve"), says("succeeded"), says("→ started"))
	step("being refused", become("mallory"), typed("/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"), says("the default is no"), says("web-restarts lets web run it"))
	step("asking once", pressed("Ask for one-time approval"), chromedp.SendKeys(chromedp.CSS("dialog[open] textarea"), "checkout is down"),
		confirmed("Ask"), says("waiting for approval"), says("checkout is down"))
	step("denying as ben", become("ben"), says("checkout is down"), pressed("Deny…"), chromedp.SendKeys(chromedp.CSS("dialog[open] textarea"), "not today"),
		confirmed("Deny"), says("not today"))
}
