package ssmserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"handrail/local/ssmserver/script"
)

// scriptTime is how long a script may run:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html.
const scriptTime = 10 * time.Minute

const verifyingScript = "verifying the script has completed"

func executeScript() action {
	// It has no timeout here: the time of a script begins when there is room for it to run.
	return action{name: "aws:executeScript", run: runScript, verifying: verifyingScript,
		note: "Python with the python3 of this machine, whatever 3.x the runbook asks for; no PowerShell, no attachments; not a sandbox"}
}

type scriptInputs struct {
	source, handler string
	events          any
}

var (
	pythonRuntime     = regexp.MustCompile(`^python3\.[0-9]{1,2}$`)
	powershellRuntime = regexp.MustCompile(`^(?i)powershell`)
)

func readScript(in inputs) (scriptInputs, error) {
	out := scriptInputs{events: in["InputPayload"]}
	if err := in.only("Runtime", "Handler", "InputPayload", "Script", "Attachment"); err != nil {
		return out, err
	}
	runtime, err := in.text("Runtime")
	if err != nil {
		return out, err
	}
	switch {
	case powershellRuntime.MatchString(runtime):
		return out, actionFailed(errors.New("The local SSM runs scripts in Python alone, and this one wants " + runtime)) //nolint:staticcheck // people read it
	case !pythonRuntime.MatchString(runtime):
		return out, invalidInput("The input Runtime must be a Python such as python3.11, or a PowerShell")
	case in["Attachment"] != nil:
		return out, actionFailed(errors.New("The local SSM has no attachments; the script must be in the input Script")) //nolint:staticcheck // people read it
	}
	if out.events == nil {
		out.events = map[string]any{}
	}
	if _, ok := out.events.(map[string]any); !ok {
		return out, invalidInput("The input InputPayload must be an object")
	}
	if out.handler, err = in.text("Handler"); err != nil {
		return out, err
	}
	if out.source, err = in.text("Script"); err != nil {
		return out, err
	}
	if out.handler == "" || out.source == "" {
		return out, invalidInput("The inputs Handler and Script must not be empty")
	}
	return out, nil
}

func runScript(ctx context.Context, c *stepContext) (result, error) {
	in, err := readScript(c.inputs)
	if err != nil {
		return result{}, err
	}
	env := c.server.scriptEnvironment(c.execution.region)
	if c.execution.role != "" {
		key := c.server.keys.mint(c.execution, c.run)
		defer c.server.keys.revoke(key.access)
		env = append(env, "AWS_ACCESS_KEY_ID="+key.access, "AWS_SECRET_ACCESS_KEY="+key.secret, "AWS_SESSION_TOKEN="+key.token)
	}
	got, err := c.server.python.Run(ctx, script.Script{Source: in.source, Handler: in.handler, Events: in.events, Context: map[string]any{}, Env: env})
	if got.Printed != "" {
		c.server.options.Log.Info("a script printed", "execution", c.execution.id, "step", c.step.Name, "text", fmt.Sprintf("%.4000s", strings.TrimSpace(got.Printed)))
	}
	if err != nil {
		return result{}, scriptFailed(err)
	}
	response := map[string]any{"Payload": got.Payload}
	outputs, err := declaredOutputs(c.step, response)
	if err != nil {
		return result{}, err
	}
	all := map[string]any{"Payload": got.Payload, "OutputPayload": response}
	for name, value := range outputs {
		all[name] = value
	}
	return result{outputs: all}, nil
}

// scriptFailed gives a script's failure the form in which AWS shows it.
func scriptFailed(err error) error {
	var failed *script.Failure
	switch {
	case errors.As(err, &failed):
		return &stepFailure{phase: phasePoll, cause: failed.Text, stage: "Invocation", kind: "Action"}
	case errors.Is(err, script.ErrTime):
		return &stepFailure{phase: verifyingScript, stage: "PostVerification", kind: "Verification", timedOut: true}
	}
	return &stepFailure{phase: phasePoll, cause: err.Error(), stage: "Invocation", kind: "Action"}
}

// scriptEnvironment leads boto3 to what plays AWS here, and away from the credentials and settings of whoever runs us.
func (s *Server) scriptEnvironment(region string) []string {
	env := []string{"AWS_DEFAULT_REGION=" + region, "AWS_REGION=" + region}
	if endpoint := cmp.Or(s.options.AWSEndpoint, s.options.URL); endpoint != "" {
		env = append(env, "AWS_ENDPOINT_URL="+endpoint)
	}
	return append(env, nobodysAWS()...)
}

// nobodysAWS keeps botocore from the files and the metadata service in which it would look for credentials.
func nobodysAWS() []string {
	return []string{"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "BOTO_CONFIG=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true"}
}
