package ssmserver

// The constraints of the API model ssm-2014-11-06 on the requests of Run Command.

func instanceID() shape { return pattern(`(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)`) }

func commandID() shape { return text(36, 36) }

func sendCommandShape() shape {
	events := list(enum("All", "InProgress", "Success", "TimedOut", "Cancelled", "Failed"), 0, 0)
	timeout := shape{kind: kindInteger, min: 30, max: 2_592_000}
	return structure(map[string]shape{
		"InstanceIds": list(instanceID(), 0, 50), "Targets": targets(), "DocumentName": documentARN(), "DocumentVersion": documentVersion(),
		"DocumentHash": text(0, 256), "DocumentHashType": enum("Sha256", "Sha1"), "TimeoutSeconds": timeout, "Comment": text(0, 100),
		"Parameters": dictionary(text(0, 0), list(text(0, 0), 0, 0), 0, 0), "OutputS3Region": text(3, 20), "OutputS3BucketName": text(3, 63),
		"OutputS3KeyPrefix": text(0, 500), "MaxConcurrency": maxConcurrency(), "MaxErrors": maxErrors(), "ServiceRoleArn": text(0, 0),
		"NotificationConfig":     structure(map[string]shape{"NotificationArn": text(0, 0), "NotificationEvents": events, "NotificationType": enum("Command", "Invocation")}),
		"CloudWatchOutputConfig": structure(map[string]shape{"CloudWatchLogGroupName": text(1, 512), "CloudWatchOutputEnabled": boolean()}),
		"AlarmConfiguration":     alarms(),
	}, "DocumentName")
}

func commandFilters() shape {
	return list(structure(map[string]shape{
		"key": enum("InvokedAfter", "InvokedBefore", "Status", "ExecutionStage", "DocumentName"), "value": text(1, 128),
	}, "key", "value"), 1, 5)
}

func listCommandsShape() shape {
	return structure(map[string]shape{
		"CommandId": commandID(), "InstanceId": instanceID(), "MaxResults": maxResults(), "NextToken": text(0, 0), "Filters": commandFilters(),
	})
}

func listInvocationsShape() shape {
	s := listCommandsShape()
	s.members["Details"] = boolean()
	return s
}

func getInvocationShape() shape {
	return structure(map[string]shape{"CommandId": commandID(), "InstanceId": instanceID(), "PluginName": text(4, 0)}, "CommandId", "InstanceId")
}

func cancelCommandShape() shape {
	return structure(map[string]shape{"CommandId": commandID(), "InstanceIds": list(instanceID(), 0, 50)}, "CommandId")
}

func describeNodesShape() shape {
	old := structure(map[string]shape{
		"key":      enum("InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "ActivationIds", "IamRole", "ResourceType", "AssociationStatus"),
		"valueSet": list(text(1, 0), 1, 100),
	}, "key", "valueSet")
	return structure(map[string]shape{
		"InstanceInformationFilterList": list(old, 0, 0), "Filters": list(structure(map[string]shape{"Key": text(1, 0), "Values": list(text(1, 0), 1, 100)}, "Key", "Values"), 0, 0),
		"MaxResults": {kind: kindInteger, min: 5, max: 50}, "NextToken": text(0, 0),
	})
}
