// Command bot is Handrail: the Slack bot, its demo, the local Slack and the local SSM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set at build time with -ldflags "-X main.version=…".
var version = "dev"

// The exit codes that scripts may rely on.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitDenied = 3
)

type cli struct {
	Demo        demoCmd        `cmd:"" help:"Run the bot against a local Slack and a local SSM: no accounts, no network."`
	Serve       serveCmd       `cmd:"" help:"Serve a Slack workspace."`
	Local       localCmd       `cmd:"" help:"Run a local Slack or a local SSM for tests and other clients."`
	Policy      policyCmd      `cmd:"" help:"Check a policy file, or explain what it decides."`
	Keygen      keygenCmd      `cmd:"" help:"Make a key for signing policies or checkpoints; prints the public half."`
	Runs        runsCmd        `cmd:"" help:"Read what ran."`
	Runbook     runbookCmd     `cmd:"" help:"Check a runbook, show what it does, or run it locally."`
	Audit       auditCmd       `cmd:"" help:"Verify the audit log, or export it."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database's schema up to date."`
	Doctor      doctorCmd      `cmd:"" help:"Check the configuration, Slack, AWS, the policy's runbooks and the database."`
	Healthcheck healthcheckCmd `cmd:"" help:"Exit 0 if a running bot says that it is ready."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// streams are where a command reads and writes: data on out, everything else on err.
type streams struct{ out, err io.Writer }

// errDenied ends the program with 3: a decision was no.
var errDenied = errors.New("denied")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, io streams) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("bot"), kong.Description("Handrail: run AWS SSM Automation runbooks from Slack, by policy."),
		kong.Writers(io.out, io.err), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(io.err, "bot:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(io.err, "bot: %v\nbot --help lists the commands.\n", err)
		return exitUsage
	}
	k.BindTo(ctx, (*context.Context)(nil))
	return exitCode(k.Run(io), io)
}

func exitCode(err error, io streams) int {
	var bad usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDenied):
		return exitDenied
	case errors.As(err, &bad):
		fmt.Fprintln(io.err, bad.Error())
		return exitUsage
	}
	fmt.Fprintln(io.err, "bot:", err)
	return exitFailed
}

type versionCmd struct{}

func (versionCmd) Run(io streams) error {
	_, err := fmt.Fprintln(io.out, "handrail", version)
	return err
}
