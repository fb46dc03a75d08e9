package ssmserver

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// defaultCommandSeconds is TimeoutSeconds where a command has none:
// docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html.
const defaultCommandSeconds = 3600

// on is the place of an instance in the invocations, -1 if the command does not go there.
func (c *command) on(instance string) int {
	return slices.IndexFunc(c.invocations, func(i invocation) bool { return i.instance == instance })
}

// plugin is the one step that a command of an unknown document is taken to have.
func (c *command) plugin() string {
	if strings.Contains(c.document, "PowerShell") {
		return "aws:runPowerShellScript"
	}
	return "aws:runShellScript"
}

// documentVersion is the version as the answers have it, "" for the default one.
func (c *command) documentVersion() string {
	if c.request.DocumentVersion == "" {
		return "$DEFAULT"
	}
	return c.request.DocumentVersion
}

func (c *command) seconds() int {
	if c.request.TimeoutSeconds == 0 {
		return defaultCommandSeconds
	}
	return c.request.TimeoutSeconds
}

// view is a Command of the API.
func (c *command) view(now time.Time) map[string]any {
	status, details, completed, failed := c.status(now)
	in := c.request
	out := map[string]any{
		"CommandId": c.id, "DocumentName": c.document, "DocumentVersion": c.documentVersion(), "Comment": in.Comment, "RequestedDateTime": epoch{c.sent},
		"ExpiresAfter": epoch{c.sent.Add(time.Duration(c.seconds()) * time.Second)}, "Parameters": notNil(in.Parameters), "InstanceIds": notNilList(in.InstanceIds),
		"Targets": notNilList(in.Targets), "Status": status, "StatusDetails": details, "OutputS3Region": in.OutputS3Region, "OutputS3BucketName": in.OutputS3BucketName,
		"OutputS3KeyPrefix": in.OutputS3KeyPrefix, "MaxConcurrency": in.MaxConcurrency, "MaxErrors": in.MaxErrors, "TargetCount": len(c.invocations),
		"CompletedCount": completed, "ErrorCount": failed, "DeliveryTimedOutCount": 0, "ServiceRole": in.ServiceRoleArn, "TimeoutSeconds": c.seconds(),
	}
	if out["MaxConcurrency"] == "" {
		out["MaxConcurrency"] = "50"
	}
	if out["MaxErrors"] == "" {
		out["MaxErrors"] = "0"
	}
	c.addConfigs(out)
	return out
}

func (c *command) addConfigs(out map[string]any) {
	if c.request.NotificationConfig != nil {
		out["NotificationConfig"] = c.request.NotificationConfig
	}
	if c.request.CloudWatchOutputConfig != nil {
		out["CloudWatchOutputConfig"] = c.request.CloudWatchOutputConfig
	}
}

// base is what all descriptions of an invocation have.
func (c *command) base(instance string) map[string]any {
	out := map[string]any{"CommandId": c.id, "InstanceId": instance, "Comment": c.request.Comment, "DocumentName": c.document, "DocumentVersion": c.documentVersion()}
	if c.request.CloudWatchOutputConfig != nil {
		out["CloudWatchOutputConfig"] = c.request.CloudWatchOutputConfig
	}
	return out
}

// invocationView is a CommandInvocation of the API.
func (c *command) invocationView(i invocation, now time.Time, details bool) map[string]any {
	out := c.base(i.instance)
	status, detail := i.at(now)
	out["Status"], out["StatusDetails"], out["RequestedDateTime"], out["ServiceRole"] = status, detail, epoch{c.sent}, c.request.ServiceRoleArn
	out["InstanceName"], out["StandardOutputUrl"], out["StandardErrorUrl"] = "", "", ""
	c.addConfigs(out)
	plugins := []any{}
	if details && !i.skipped && status != statusPending {
		plugin := map[string]any{"Name": c.plugin(), "Status": status, "StatusDetails": detail, "ResponseCode": -1, "ResponseStartDateTime": epoch{i.begins},
			"Output": "", "OutputS3Region": c.request.OutputS3Region, "OutputS3BucketName": c.request.OutputS3BucketName, "OutputS3KeyPrefix": c.request.OutputS3KeyPrefix}
		if ended(status) && status != statusCancelled {
			plugin["ResponseCode"], plugin["ResponseFinishDateTime"], plugin["Output"] = i.outcome.ResponseCode, epoch{i.ends}, cut(i.outcome.Output, 2500)
		}
		plugins = append(plugins, plugin)
	}
	out["CommandPlugins"] = plugins
	return out
}

// matches says whether the node has the value of a filter. EC2 has looked at those that it knows.
func (n node) matches(key, value string) bool {
	switch key {
	case "PingStatus":
		return n.ping() == value
	case "PlatformTypes":
		return n.platform() == value
	case "ResourceType":
		return value == "EC2Instance"
	}
	return true
}

func (n node) ping() string {
	if n.online() {
		return "Online"
	}
	return "ConnectionLost"
}

func (n node) platform() string {
	if strings.Contains(n.PlatformDetails, "Windows") {
		return "Windows"
	}
	return "Linux"
}

// view is an InstanceInformation of the API.
func (n node) view(now time.Time) map[string]any {
	return map[string]any{
		"InstanceId": n.InstanceId, "PingStatus": n.ping(), "LastPingDateTime": epoch{now}, "AgentVersion": "3.3.0.0", "IsLatestVersion": true,
		"PlatformType": n.platform(), "ResourceType": "EC2Instance", "IPAddress": n.PrivateIpAddress, "ComputerName": n.InstanceId,
		"SourceId": n.InstanceId, "SourceType": "AWS::EC2::Instance",
	}
}

// cut shortens text to so many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

func notNilList[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func notNil(parameters map[string][]string) map[string][]string {
	if parameters == nil {
		return map[string][]string{}
	}
	return parameters
}
