package ssmserver

// operations is the table of the wire.
func operations() map[string]operation {
	out := map[string]operation{}
	for _, op := range []operation{
		{name: "StartAutomationExecution", input: startShape(), handle: handler(startExecution),
			note: "not covered: TargetLocationsURL, organizational units and IncludeChildOrganizationUnits, as there is no organization here"},
		{name: "GetAutomationExecution", input: getExecutionShape(), handle: handler(getExecution)},
		{name: "DescribeAutomationExecutions", input: describeExecutionsShape(), handle: handler(describeExecutions), note: "all filter keys"},
		{name: "DescribeAutomationStepExecutions", input: describeStepsShape(), handle: handler(describeSteps), note: "all filter keys, ReverseOrder"},
		{name: "StopAutomationExecution", input: stopShape(), handle: handler(stopExecution), note: "Cancel, Complete"},
		{name: "SendAutomationSignal", input: signalShape(), handle: handler(sendSignal),
			note: "Approve, Reject, StartStep, StopStep, Resume; Revoke is InvalidAutomationSignalException"},
		{name: "AddTagsToResource", input: addTagsShape(), handle: handler(addTags), note: "of automations, the account's documents, parameters, and machines of the fleet whose ID begins with mi-"},
		{name: "RemoveTagsFromResource", input: removeTagsShape(), handle: handler(removeTags), note: "of automations and of the account's documents"},
		{name: "ListTagsForResource", input: listTagsShape(), handle: handler(listTags), note: "of automations and of the account's documents"},
		{name: "StartExecutionPreview", input: startPreviewShape(), handle: handler(startPreview), note: "not covered: TargetLocationsURL and organizational units"},
		{name: "GetExecutionPreview", input: getPreviewShape(), handle: handler(getPreview)},
		{name: "DescribeDocument", input: describeDocumentShape(), handle: handler(describeDocument)},
		{name: "GetDocument", input: getDocumentShape(), handle: handler(getDocument), note: "JSON by default, YAML on request; TEXT is the content as it was given"},
		{name: "ListDocuments", input: listDocumentsShape(), handle: handler(listDocuments),
			note: "filters Owner, Name, PlatformTypes, DocumentType, TargetType, SearchKeyword, tag:KEY, and the old DocumentFilterList"},
		{name: "CreateDocument", input: createDocumentShape(), handle: handler(createDocument), note: "DocumentType Automation; not covered: Requires, Attachments"},
		{name: "UpdateDocument", input: updateDocumentShape(), handle: handler(updateDocument), note: "not covered: Attachments"},
		{name: "UpdateDocumentDefaultVersion", input: updateDefaultShape(), handle: handler(updateDefaultVersion)},
		{name: "DeleteDocument", input: deleteDocumentShape(), handle: handler(deleteDocument), note: "one version or the whole document"},
		{name: "ModifyDocumentPermission", input: modifyPermissionShape(), handle: handler(modifyPermission), note: "of the account's documents; no other account is here to see them"},
		{name: "DescribeDocumentPermission", input: describePermissionShape(), handle: handler(describePermission)},
		{name: "GetParameter", input: getParameterShape(), handle: handler(getParameter), secret: true, note: "by name, name:version or ARN; not covered: labels"},
		{name: "GetParameters", input: getParametersShape(), handle: handler(getParameters), secret: true},
		{name: "PutParameter", input: putParameterShape(), handle: handler(putParameter), secret: true,
			note: "String, StringList and SecureString, in memory; not covered: AllowedPattern, Policies, Tags, the tier Advanced"},
		{name: "DeleteParameter", input: deleteParameterShape(), handle: handler(deleteParameter)},
		{name: "ListDocumentVersions", input: listVersionsShape(), handle: handler(listDocumentVersions)},
		{name: "SendCommand", input: sendCommandShape(), handle: handlerWaiting(sendCommand),
			note: "carries nothing out: commands of any document end after a moment, as the stub command.DOCUMENT says; targets InstanceIds, tag:KEY, tag-key; " +
				"DocumentHash and AlarmConfiguration are taken and not looked at"},
		{name: "ListCommands", input: listCommandsShape(), handle: handler(listCommands), note: "all filter keys"},
		{name: "ListCommandInvocations", input: listInvocationsShape(), handle: handler(listCommandInvocations), note: "all filter keys"},
		{name: "GetCommandInvocation", input: getInvocationShape(), handle: handler(getCommandInvocation)},
		{name: "CancelCommand", input: cancelCommandShape(), handle: handler(cancelCommand)},
		{name: "DescribeInstanceInformation", input: describeNodesShape(), handle: handlerWaiting(describeNodes),
			note: "the instances of EC2; filters InstanceIds, PingStatus, PlatformTypes, ResourceType, tag:KEY, tag-key"},
	} {
		out[op.name] = op
	}
	return out
}
