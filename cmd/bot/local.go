package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"handrail/local/slackserver"
	"handrail/local/ssmserver"
)

type localCmd struct {
	Slack localSlackCmd `cmd:"" help:"Serve a Slack workspace on loopback, with a web page and control routes."`
	SSM   localSSMCmd   `cmd:"" name:"ssm" help:"Serve SSM Automation on loopback, with a small fleet of instances."`
}

type localSlackCmd struct {
	Listen           string `help:"Address to listen on." default:"127.0.0.1:8080"`
	BotToken         string `help:"Bot token to accept; random if not given."`
	AppToken         string `help:"App-level token to accept; random if not given."`
	SigningSecret    string `help:"Secret to sign callbacks with; random if not given."`
	CommandURL       string `help:"Where to send slash commands; Socket Mode if not given." name:"command-url"`
	InteractivityURL string `help:"Where to send clicks and forms; Socket Mode if not given." name:"interactivity-url"`
	EventsURL        string `help:"Where to send events; Socket Mode if not given." name:"events-url"`
}

// Run serves until it is interrupted.
func (c *localSlackCmd) Run(ctx context.Context, io streams) error {
	srv, err := slackserver.New(slackserver.Options{BotToken: c.BotToken, AppToken: c.AppToken, SigningSecret: c.SigningSecret,
		CommandURL: c.CommandURL, InteractivityURL: c.InteractivityURL, EventsURL: c.EventsURL, Commands: slashCommands(), Log: logConfig{Level: "info"}.open(io.err)})
	if err != nil {
		return usageError{err}
	}
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	base := "http://" + l.Addr().String()
	fmt.Fprintf(io.out, "page            %s/\nAPI URL         %s/api/\nbot token       %s\napp token       %s\nsigning secret  %s\n",
		base, base, srv.BotToken(), srv.AppToken(), srv.SigningSecret())
	return srv.Serve(ctx, l)
}

func slashCommands() []slackserver.Command {
	return []slackserver.Command{{Name: "/runbook", Description: "Run an approved runbook", UsageHint: "help | list | run NAME key=value | status"}}
}

type localSSMCmd struct {
	Listen      string `help:"Address to listen on." default:"127.0.0.1:8081"`
	Documents   string `help:"A folder of .json, .yml and .yaml runbooks to load." type:"existingdir" placeholder:"DIR"`
	Stubs       string `help:"A YAML file of answers to AWS operations, such as ec2.DescribeInstances." type:"existingfile" placeholder:"FILE"`
	AWSEndpoint string `help:"A service, such as moto_server, to which every AWS call of a runbook is passed; needs python3 with boto3." name:"aws-endpoint" placeholder:"URL"`
	Identities  string `help:"A YAML file of access keys with whom they stand for, and of roles; without it any key may call." type:"existingfile" placeholder:"FILE"`
	Region      string `help:"The Region of {{ global:REGION }}, of ARNs and of AWS calls." default:"eu-west-1"`
	Quotas      bool   `help:"Throttle calls, and queue executions, as AWS does."`
}

// Run serves until it is interrupted.
func (c *localSSMCmd) Run(ctx context.Context, io streams) error {
	stubs, err := readStubs(c.Stubs)
	if err != nil {
		return err
	}
	who, err := readIdentities(c.Identities)
	if err != nil {
		return err
	}
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	address := "http://" + l.Addr().String()
	srv, err := ssmserver.New(ssmserver.Options{Region: c.Region, Documents: c.Documents, URL: address, Stubs: stubs, AWSEndpoint: c.AWSEndpoint, Quotas: c.Quotas,
		Callers: who.Callers, Roles: who.Roles, VerifySignatures: who.VerifySignatures, Log: logConfig{Level: "info"}.open(io.err)})
	if err != nil {
		return errors.Join(usageError{err}, l.Close())
	}
	fmt.Fprintf(io.out, "endpoint  %s\nevents    %s\n", address, srv.EventQueueURL(address))
	return serveSSM(ctx, l, srv)
}

// readStubs reads a file of answers to AWS operations; "" is none.
func readStubs(file string) (ssmserver.Stubs, error) {
	if file == "" {
		return ssmserver.Stubs{}, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return ssmserver.Stubs{}, usage("reading the stubs: %w", err)
	}
	stubs, err := ssmserver.ReadStubs(content)
	if err != nil {
		return ssmserver.Stubs{}, usageError{inFile(file, err)}
	}
	return stubs, nil
}

// readIdentities reads a file of callers and roles; "" is none.
func readIdentities(file string) (ssmserver.Identities, error) {
	if file == "" {
		return ssmserver.Identities{}, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return ssmserver.Identities{}, usage("reading the identities: %w", err)
	}
	who, err := ssmserver.ReadIdentities(content)
	if err != nil {
		return ssmserver.Identities{}, usageError{inFile(file, err)}
	}
	return who, nil
}

// listen opens a port and says plainly when it is taken.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s (another --listen may help): %w", addr, err)
	}
	return l, nil
}

// serveSSM serves until ctx ends and is gone within a second or so.
func serveSSM(ctx context.Context, l net.Listener, srv *ssmserver.Server) error {
	web := &http.Server{Handler: srv, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serving the local SSM: %w", err), srv.Run(ctx))
	case <-ctx.Done():
	}
	err := srv.Run(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if web.Shutdown(last) != nil {
		err = errors.Join(err, web.Close())
	}
	return err
}
