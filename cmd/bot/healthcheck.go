package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

type healthcheckCmd struct {
	Config  string        `help:"The bot's configuration, for the address in metrics.listen." type:"path" placeholder:"FILE"`
	URL     string        `help:"The bot's readiness address; http://127.0.0.1:9090/readyz if neither is given."`
	Timeout time.Duration `help:"How long to wait." default:"3s"`
}

// Run asks a running bot whether it is ready.
func (c *healthcheckCmd) Run(ctx context.Context, out streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	address, err := c.address()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return usage("reading --url: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking the bot: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("reading the bot's answer: %w", err)
	}
	text := strings.TrimSpace(string(body))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", text)
	}
	_, err = fmt.Fprintln(out.out, text)
	return err
}

// address is where the bot says whether it is ready.
func (c *healthcheckCmd) address() (string, error) {
	switch {
	case c.Config != "" && c.URL != "":
		return "", usage("give --config or --url, not both")
	case c.URL != "":
		return c.URL, nil
	case c.Config == "":
		return "http://127.0.0.1:9090/readyz", nil
	}
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return "", err
	}
	return "http://" + readiness(cfg.Metrics.Listen), nil
}

// readiness is the address to ask for a listening one: a bot that listens everywhere is asked on this machine.
func readiness(listen string) string {
	host, port, _ := net.SplitHostPort(listen) // checked when the file was read
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port) + "/readyz"
}
