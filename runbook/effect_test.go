package runbook

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func stepsDocument(t *testing.T, steps string) *Document {
	t.Helper()
	d, err := Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[` + steps + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEffectOfAStep(t *testing.T) {
	t.Parallel()
	api := func(inputs string) string { return `"aws:executeAwsApi","inputs":{` + inputs + `}` }
	for step, want := range map[string]Effect{
		api(`"Service":"ec2","Api":"DescribeInstances"`):                                  NonMutating,
		api(`"Service":"EC2","Api":"describe_instances"`):                                 NonMutating,
		api(`"Service":"s3","Api":"headObject"`):                                          NonMutating,
		api(`"Service":"ec2","Api":"StopInstances"`):                                      Mutating,
		api(`"Service":"ec2","Api":"stop_instances","DryRun":true`):                       NonMutating,
		api(`"Service":"ec2","Api":"stop_instances","DryRun":"{{ Dry }}"`):                Mutating,
		api(`"Service":"rds","Api":"StopDBInstance","DryRun":true`):                       Mutating,
		api(`"Service":"iam","Api":"Getaway"`):                                            Mutating,
		api(`"Service":"redshift","Api":"get_cluster_credentials"`):                       Mutating,
		api(`"Service":"ec2","Api":"{{ Api }}"`):                                          Undetermined,
		api(`"Api":"DescribeInstances"`):                                                  Undetermined,
		`"aws:waitForAwsResourceProperty","inputs":{"Service":"ec2","Api":"GetX"}`:        NonMutating,
		`"aws:assertAwsResourceProperty","inputs":{"Service":"ec2","Api":"RunInstances"}`: Mutating,
		`"aws:changeInstanceState","inputs":{"DesiredState":"stopped"}`:                   Mutating,
		`"aws:changeInstanceState","inputs":{"CheckStateOnly":"true"}`:                    NonMutating,
		`"aws:executeScript"`:        Undetermined,
		`"aws:invokeLambdaFunction"`: Undetermined,
		`"aws:executeAutomation"`:    Undetermined,
		`"aws:nobodyKnows"`:          Undetermined,
		`"aws:runInstances"`:         Mutating,
		`"aws:sleep"`:                NonMutating,
		`"aws:approve"`:              NonMutating,
		`"aws:loop","inputs":{"Steps":[{"name":"a","action":"aws:sleep"},{"name":"b","action":"aws:executeScript"}]}`:       Undetermined,
		`"aws:loop","inputs":{"Steps":[{"name":"a","action":"aws:deleteImage"},{"name":"b","action":"aws:executeScript"}]}`: Mutating,
	} {
		d := stepsDocument(t, `{"name":"s","action":`+step+`}`)
		if got := d.Steps[0].Effect(); got != want {
			t.Errorf("%s: got %s, want %s", step, got, want)
		}
	}
}

func TestEffectsFollowChildren(t *testing.T) {
	t.Parallel()
	start := func(step, name string) string {
		return fmt.Sprintf(`{"name":%q,"action":"aws:executeAutomation","inputs":{"DocumentName":%q}}`, step, name)
	}
	documents := map[string]*Document{
		"reads":  stepsDocument(t, `{"name":"a","action":"aws:sleep"}`),
		"stops":  stepsDocument(t, start("a", "reads")+`,{"name":"b","action":"aws:deleteImage"}`),
		"via":    stepsDocument(t, start("a", "stops")),
		"circle": stepsDocument(t, start("a", "circle")),
	}
	children := func(name, _ string) (*Document, error) {
		if d, ok := documents[name]; ok {
			return d, nil
		}
		return nil, errors.New("no such document")
	}
	d := stepsDocument(t, start("r", "reads")+","+start("s", "arn:aws:ssm:eu-west-1:999999999999:document/reads")+","+start("v", "via")+","+start("c", "circle")+","+start("g", "gone")+","+
		start("t", "{{ Name }}")+`,{"name":"l","action":"aws:loop","inputs":{"Steps":[`+start("i", "reads")+`]}}`)
	var got []string
	for _, e := range d.Effects(children) {
		got = append(got, fmt.Sprintf("%s%s %s: %s", e.Loop, e.Name, e.Effect, e.What))
	}
	want := []string{"r NonMutating: starts reads", "s Undetermined: starts arn:aws:ssm:eu-west-1:999999999999:document/reads", "v Mutating: starts via", "c NonMutating: starts circle",
		"g Undetermined: starts gone", "t Undetermined: starts {{ Name }}", "l NonMutating: repeats its steps while its condition holds", "li NonMutating: starts reads"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
