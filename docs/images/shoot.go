//go:build ignore

// Shoot takes a picture of a page once a text has appeared on it: go run docs/images/shoot.go URL TEXT FILE. It is part
// of take.sh, and knows nothing of Handrail. HANDRAIL_CHROMIUM names the browser.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: shoot URL TEXT FILE")
		os.Exit(2)
	}
	if err := shoot(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "shoot:", err)
		os.Exit(1)
	}
}

func shoot(url, text, file string) error {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.WindowSize(1200, 940), chromedp.Flag("force-device-scale-factor", "2"))
	if path := os.Getenv("HANDRAIL_CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // chromium refuses its sandbox to root
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, end := chromedp.NewContext(ctx)
	defer end()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("opening %s: %w", url, err)
	}
	shown := "document.body.innerText.includes(" + strconv.Quote(text) + ")"
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](shown)); err != nil {
		return fmt.Errorf("waiting for %q: %w", text, err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Sleep(700*time.Millisecond)); err != nil { // what moves has arrived
		return err
	}
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return fmt.Errorf("taking the picture: %w", err)
	}
	return os.WriteFile(file, picture, 0o644)
}
