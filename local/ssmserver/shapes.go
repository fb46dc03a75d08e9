package ssmserver

import "regexp"

// The constraints of the API model ssm-2014-11-06 on the requests that are covered.

func text(min, max int) shape { return shape{kind: kindString, min: min, max: max} }

func pattern(p string) shape { return shape{kind: kindString, pattern: regexp.MustCompile(p)} }

func enum(values ...string) shape { return shape{kind: kindString, enum: values} }

func list(member shape, min, max int) shape {
	return shape{kind: kindList, member: &member, min: min, max: max}
}

func dictionary(key, member shape, min, max int) shape {
	return shape{kind: kindMap, key: &key, member: &member, min: min, max: max}
}

func structure(members map[string]shape, required ...string) shape {
	return shape{kind: kindStructure, members: members, required: required}
}

func boolean() shape { return shape{kind: kindBoolean} }

func executionID() shape { return text(36, 36) }

func maxResults() shape { return shape{kind: kindInteger, min: 1, max: 50} }

func parameterMap() shape {
	return dictionary(text(1, 50), list(text(1, 512), 0, 50), 1, 200)
}

func documentARN() shape { return pattern(`^[a-zA-Z0-9_\-.:/]{3,128}$`) }

func documentName() shape { return pattern(`^[a-zA-Z0-9_\-.]{3,128}$`) }

func documentVersion() shape { return pattern(`^([$]LATEST|[$]DEFAULT|[1-9][0-9]*)$`) }

func versionName() shape { return pattern(`^[a-zA-Z0-9_\-.]{1,128}$`) }

func documentFormat() shape { return enum("YAML", "JSON", "TEXT") }

func maxConcurrency() shape {
	s := pattern(`^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$`)
	s.min, s.max = 1, 7
	return s
}

func maxErrors() shape {
	s := pattern(`^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$`)
	s.min, s.max = 1, 7
	return s
}

func tagList() shape {
	value := pattern(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
	value.max = 256
	return list(structure(map[string]shape{"Key": tagKey(), "Value": value}, "Key", "Value"), 0, 1000)
}

func tagKey() shape {
	key := pattern(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
	key.min, key.max = 1, 128
	return key
}

func targets() shape {
	key := pattern(`^[\p{L}\p{Z}\p{N}_.:/=\-@]*$|resource-groups:ResourceTypeFilters|resource-groups:Name`)
	key.min, key.max = 1, 163
	return list(structure(map[string]shape{"Key": key, "Values": list(text(0, 0), 0, 50)}), 0, 5)
}

func targetMaps() shape {
	return list(dictionary(text(1, 50), list(text(1, 50), 0, 25), 1, 20), 0, 300)
}

func alarms() shape {
	name := pattern(`\S`)
	name.min, name.max = 1, 255
	return structure(map[string]shape{
		"IgnorePollAlarmFailure": boolean(),
		"Alarms":                 list(structure(map[string]shape{"Name": name}, "Name"), 1, 1),
	}, "Alarms")
}

func targetLocations() shape {
	role := pattern(`^[\w+=,.@/-]+$`)
	role.min, role.max = 1, 64
	excluded := pattern(`^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})|(\d{12})$`)
	excluded.min, excluded.max = 6, 68
	return list(structure(map[string]shape{
		"Accounts": list(text(0, 0), 1, 50), "Regions": list(text(0, 0), 1, 50),
		"TargetLocationMaxConcurrency": maxConcurrency(), "TargetLocationMaxErrors": maxErrors(),
		"ExecutionRoleName": role, "TargetLocationAlarmConfiguration": alarms(), "IncludeChildOrganizationUnits": boolean(),
		"ExcludeAccounts": list(excluded, 1, 5000), "Targets": targets(), "TargetsMaxConcurrency": maxConcurrency(), "TargetsMaxErrors": maxErrors(),
	}), 1, 100)
}

func startShape() shape {
	token := pattern(`^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$`)
	token.min, token.max = 36, 36
	return structure(map[string]shape{
		"DocumentName": documentARN(), "DocumentVersion": documentVersion(), "Parameters": parameterMap(), "ClientToken": token,
		"Mode": enum("Auto", "Interactive"), "TargetParameterName": text(1, 50), "Targets": targets(), "TargetMaps": targetMaps(),
		"MaxConcurrency": maxConcurrency(), "MaxErrors": maxErrors(), "TargetLocations": targetLocations(), "Tags": tagList(),
		"AlarmConfiguration": alarms(),
		"TargetLocationsURL": pattern(`^https://[-a-zA-Z0-9@:%._\+~#=]{1,253}\.s3(\.[a-z\d-]{9,16})?\.amazonaws\.com/.+`),
	}, "DocumentName")
}

// filters leaves the keys open: a wrong one is InvalidFilterKey.
func filters(max int) shape {
	return list(structure(map[string]shape{"Key": text(0, 0), "Values": list(text(1, 150), 1, 10)}, "Key", "Values"), 1, max)
}

func describeExecutionsShape() shape {
	return structure(map[string]shape{"Filters": filters(10), "MaxResults": maxResults(), "NextToken": text(0, 0)})
}

func describeStepsShape() shape {
	return structure(map[string]shape{"AutomationExecutionId": executionID(), "Filters": filters(6), "NextToken": text(0, 0),
		"MaxResults": maxResults(), "ReverseOrder": boolean()}, "AutomationExecutionId")
}

func getExecutionShape() shape {
	return structure(map[string]shape{"AutomationExecutionId": executionID()}, "AutomationExecutionId")
}

func stopShape() shape {
	return structure(map[string]shape{"AutomationExecutionId": executionID(), "Type": enum("Complete", "Cancel")}, "AutomationExecutionId")
}

func signalShape() shape {
	return structure(map[string]shape{"AutomationExecutionId": executionID(), "Payload": parameterMap(),
		"SignalType": enum("Approve", "Reject", "StartStep", "StopStep", "Resume", "Revoke")}, "AutomationExecutionId", "SignalType")
}

func describeDocumentShape() shape {
	return structure(map[string]shape{"Name": documentARN(), "DocumentVersion": documentVersion(), "VersionName": versionName()}, "Name")
}

func getDocumentShape() shape {
	return structure(map[string]shape{"Name": documentARN(), "DocumentVersion": documentVersion(), "VersionName": versionName(),
		"DocumentFormat": documentFormat()}, "Name")
}

func listDocumentsShape() shape {
	old := structure(map[string]shape{"key": enum("Name", "Owner", "PlatformTypes", "DocumentType"), "value": text(1, 0)}, "key", "value")
	return structure(map[string]shape{
		"DocumentFilterList": list(old, 1, 0),
		"Filters":            list(structure(map[string]shape{"Key": text(1, 128), "Values": list(text(1, 256), 0, 0)}), 0, 6),
		"MaxResults":         maxResults(), "NextToken": text(0, 0),
	})
}

func listVersionsShape() shape {
	return structure(map[string]shape{"Name": documentARN(), "MaxResults": maxResults(), "NextToken": text(0, 0)}, "Name")
}

func attachments() shape {
	return list(structure(map[string]shape{"Key": enum("SourceUrl", "S3FileUrl", "AttachmentReference"),
		"Values": list(text(1, 1024), 1, 1), "Name": documentName()}), 0, 20)
}

func targetType() shape {
	s := pattern(`^\/[\w\.\-\:\/]*$`)
	s.max = 200
	return s
}

func displayName() shape {
	s := pattern(`^[\w\.\-\:\/ ]*$`)
	s.max = 1024
	return s
}

func createDocumentShape() shape {
	requireType := pattern(`^[a-zA-Z0-9_\-.]{1,128}$`)
	requireType.max = 128
	requires := structure(map[string]shape{"Name": documentARN(), "Version": documentVersion(), "RequireType": requireType, "VersionName": versionName()}, "Name")
	return structure(map[string]shape{
		"Content": text(1, 0), "Requires": list(requires, 1, 0), "Attachments": attachments(), "Name": documentName(), "DisplayName": displayName(),
		"VersionName": versionName(), "DocumentType": documentType(), "DocumentFormat": documentFormat(), "TargetType": targetType(), "Tags": tagList(),
	}, "Content", "Name")
}

func documentType() shape {
	return enum("Command", "Policy", "Automation", "Session", "Package", "ApplicationConfiguration", "ApplicationConfigurationSchema",
		"DeploymentStrategy", "ChangeCalendar", "Automation.ChangeTemplate", "ProblemAnalysis", "ProblemAnalysisTemplate", "CloudFormation",
		"ConformancePackTemplate", "QuickSetup", "ManualApprovalPolicy", "AutoApprovalPolicy")
}

func updateDocumentShape() shape {
	return structure(map[string]shape{
		"Content": text(1, 0), "Attachments": attachments(), "Name": documentName(), "DisplayName": displayName(), "VersionName": versionName(),
		"DocumentVersion": documentVersion(), "DocumentFormat": documentFormat(), "TargetType": targetType(),
	}, "Content", "Name")
}

func updateDefaultShape() shape {
	return structure(map[string]shape{"Name": documentName(), "DocumentVersion": pattern(`^[1-9][0-9]*$`)}, "Name", "DocumentVersion")
}

func deleteDocumentShape() shape {
	return structure(map[string]shape{"Name": documentName(), "DocumentVersion": documentVersion(), "VersionName": versionName(), "Force": boolean()}, "Name")
}
