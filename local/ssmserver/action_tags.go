package ssmserver

import (
	"context"
	"slices"
)

func createTags() action {
	return action{name: "aws:createTags", run: runCreateTags, verifying: "verifying the tags are created",
		note: "EC2 with ec2.CreateTags; ManagedInstance, MaintenanceWindow and Parameter with ssm.AddTagsToResource, one resource at a time"}
}

func runCreateTags(ctx context.Context, c *stepContext) (result, error) {
	in := c.inputs
	if err := in.only("ResourceIds", "ResourceType", "Tags"); err != nil {
		return result{}, err
	}
	ids, err := in.texts("ResourceIds")
	if err != nil {
		return result{}, err
	}
	kind, err := in.text("ResourceType")
	if err != nil {
		return result{}, err
	}
	tags, _ := in["Tags"].([]any)
	switch {
	case len(ids) == 0:
		return result{}, invalidInput("The input ResourceIds must name at least one resource")
	case len(tags) == 0:
		return result{}, invalidInput("The input Tags must be a list of at least one Key and Value")
	case !slices.Contains([]string{"", "EC2", "ManagedInstance", "MaintenanceWindow", "Parameter"}, kind):
		return result{}, invalidInput("The input ResourceType must be EC2, ManagedInstance, MaintenanceWindow or Parameter")
	case kind == "" || kind == "EC2":
		_, err := c.call(ctx, "ec2", "CreateTags", map[string]any{"Resources": anyList(ids), "Tags": tags})
		return result{}, ec2Failed(err)
	case len(ids) > 1:
		return result{}, invalidInput("The input ResourceIds can name only one resource of the type " + kind)
	}
	_, err = c.call(ctx, ssmService, "AddTagsToResource", map[string]any{"ResourceType": kind, "ResourceId": ids[0], "Tags": tags})
	return result{}, javaFailed("AWSSimpleSystemsManagement", err)
}
