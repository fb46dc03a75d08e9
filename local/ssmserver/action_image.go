package ssmserver

import (
	"context"
)

const verifyingImage = "verifying the image is available"

func createImage() action {
	return action{name: "aws:createImage", timeout: waitTime, run: runCreateImage, verifying: verifyingImage,
		note: "waits until the image is available"}
}

func copyImage() action {
	return action{name: "aws:copyImage", timeout: waitTime, run: runCopyImage, verifying: verifyingImage, note: "waits until the copy is available"}
}

func deleteImage() action {
	return action{name: "aws:deleteImage", run: runDeleteImage, verifying: "verifying the image is deleted",
		note: "deregisters the image and deletes its snapshots"}
}

func runCreateImage(ctx context.Context, c *stepContext) (result, error) {
	in := c.inputs
	if err := in.only("InstanceId", "ImageName", "ImageDescription", "NoReboot", "BlockDeviceMappings"); err != nil {
		return result{}, err
	}
	if err := in.require("InstanceId", "ImageName"); err != nil {
		return result{}, err
	}
	params, err := in.parameters(map[string]string{"ImageName": "Name", "ImageDescription": "Description"}, "NoReboot")
	if err != nil {
		return result{}, err
	}
	return makeImage(ctx, c, "CreateImage", params)
}

func runCopyImage(ctx context.Context, c *stepContext) (result, error) {
	in := c.inputs
	if err := in.only("SourceRegion", "SourceImageId", "ImageName", "ImageDescription", "Encrypted", "KmsKeyId", "ClientToken"); err != nil {
		return result{}, err
	}
	if err := in.require("SourceRegion", "SourceImageId", "ImageName"); err != nil {
		return result{}, err
	}
	params, err := in.parameters(map[string]string{"ImageName": "Name", "ImageDescription": "Description"}, "Encrypted")
	if err != nil {
		return result{}, err
	}
	return makeImage(ctx, c, "CopyImage", params)
}

// makeImage calls the operation and waits until its image is available.
func makeImage(ctx context.Context, c *stepContext, operation string, params map[string]any) (result, error) {
	answer, err := c.call(ctx, "ec2", operation, params)
	if err != nil {
		return result{}, ec2Failed(err)
	}
	var made struct{ ImageId string }
	if readInto(answer, &made); made.ImageId == "" {
		return result{}, endedWrong("%s answered no ImageId", operation)
	}
	state := ""
	err = c.poll(ctx, func() (bool, error) {
		images, err := describeImage(ctx, c, made.ImageId)
		if err != nil {
			return false, ec2Failed(err)
		}
		if len(images) == 0 {
			return false, nil
		}
		state = images[0].State
		switch state {
		case "failed", "invalid", "error", "deregistered":
			return false, endedWrong("The image %s is %s: %s", made.ImageId, state, images[0].StateReason.Message)
		}
		return state == "available", nil
	})
	if err != nil {
		return result{}, err
	}
	return result{outputs: map[string]any{"ImageId": made.ImageId, "ImageState": state}}, nil
}

// ec2Image is one of the answers of DescribeImages.
type ec2Image struct {
	State               string
	StateReason         struct{ Message string }
	BlockDeviceMappings []struct{ Ebs struct{ SnapshotId string } }
}

func describeImage(ctx context.Context, c *stepContext, id string) ([]ec2Image, error) {
	answer, err := c.call(ctx, "ec2", "DescribeImages", map[string]any{"ImageIds": []any{id}})
	if err != nil {
		return nil, err
	}
	var out struct{ Images []ec2Image }
	readInto(answer, &out)
	return out.Images, nil
}

// runDeleteImage looks for the snapshots first: an image that is gone tells them no more.
func runDeleteImage(ctx context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("ImageId"); err != nil {
		return result{}, err
	}
	id, err := c.inputs.required("ImageId")
	if err != nil {
		return result{}, err
	}
	images, err := describeImage(ctx, c, id)
	if err != nil {
		return result{}, ec2Failed(err)
	}
	if _, err := c.call(ctx, "ec2", "DeregisterImage", map[string]any{"ImageId": id}); err != nil {
		return result{}, ec2Failed(err)
	}
	for _, image := range images {
		for _, mapping := range image.BlockDeviceMappings {
			if mapping.Ebs.SnapshotId == "" {
				continue
			}
			if _, err := c.call(ctx, "ec2", "DeleteSnapshot", map[string]any{"SnapshotId": mapping.Ebs.SnapshotId}); err != nil {
				return result{}, ec2Failed(err)
			}
		}
	}
	return result{}, nil
}
