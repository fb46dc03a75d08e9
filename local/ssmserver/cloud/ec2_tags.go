package cloud

import (
	"strings"
)

func tagOperations() []operation {
	return []operation{
		{name: "ec2.CreateTags", run: createTags, note: "on instances, images, snapshots and volumes"},
		{name: "ec2.DeleteTags", run: deleteTags},
		{name: "ec2.DescribeTags", run: describeTags, note: "all filters"},
	}
}

// resource is something that has tags.
type resource struct {
	id, kind string
	tags     map[string]string // as they are shown
}

func (c *Cloud) tagged() []resource {
	var out []resource
	for _, m := range c.machines.all() {
		out = append(out, resource{m.id, "instance", m.allTags()})
	}
	for _, i := range c.images.all() {
		out = append(out, resource{i.id, "image", i.tags})
	}
	for _, s := range c.snapshots.all() {
		out = append(out, resource{s.id, "snapshot", s.tags})
	}
	for _, v := range c.volumes.all() {
		out = append(out, resource{v.id, "volume", v.tags})
	}
	return out
}

// tagsOf gives the tags of a resource, to be changed.
func (c *Cloud) tagsOf(in request, id string) (*map[string]string, error) {
	kind, _, _ := strings.Cut(id, "-")
	switch kind {
	case "i", "mi":
		found, err := c.findInstances(in, []string{id})
		if err != nil {
			return nil, err
		}
		return &found[0].tags, nil
	case "ami":
		i, err := c.findImage(in, id)
		if err != nil {
			return nil, err
		}
		return &i.tags, nil
	case "snap":
		s, err := c.findSnapshot(in, id)
		if err != nil {
			return nil, err
		}
		return &s.tags, nil
	case "vol":
		v, err := c.findVolume(in, id)
		if err != nil {
			return nil, err
		}
		return &v.tags, nil
	}
	return nil, in.fail("InvalidID", "The ID '%s' is not valid", brief(id))
}

// checkTags refuses what EC2 refuses in new tags.
func (in request) checkTags(tags map[string]string) error {
	for key, value := range tags {
		switch {
		case key == "" || len(key) > 4*128:
			return in.fail("InvalidParameterValue", "Tag keys must be between 1 and 128 characters in length")
		case len(value) > 4*256:
			return in.fail("InvalidParameterValue", "Tag values must be at most 256 characters in length")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return in.fail("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		}
	}
	if len(tags) > maxTags {
		return in.fail("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}

// specified are the tags that a request gives to new resources of a kind.
func (in request) specified(kind string) (map[string]string, error) {
	out := map[string]string{}
	for _, spec := range in.list("TagSpecifications") {
		if spec.text("ResourceType") == kind {
			for key, value := range spec.tags("Tags") {
				out[key] = value
			}
		}
	}
	return out, in.checkTags(out)
}

func createTags(c *Cloud, in request) (map[string]any, error) {
	added := in.tags("Tags")
	if err := in.checkTags(added); err != nil {
		return nil, err
	}
	var places []*map[string]string
	for _, id := range in.texts("Resources") {
		tags, err := c.tagsOf(in, id)
		if err != nil {
			return nil, err
		}
		count := len(added)
		for key := range *tags {
			if _, again := added[key]; !again {
				count++
			}
		}
		if count > maxTags {
			return nil, in.fail("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
		}
		places = append(places, tags)
	}
	for _, tags := range places {
		if *tags == nil {
			*tags = map[string]string{}
		}
		for key, value := range added {
			(*tags)[key] = value
		}
	}
	return nil, nil
}

// deleteTags deletes every tag if none is named, and one whose value is named only if it has it.
func deleteTags(c *Cloud, in request) (map[string]any, error) {
	var places []*map[string]string
	for _, id := range in.texts("Resources") {
		tags, err := c.tagsOf(in, id)
		if err != nil {
			return nil, err
		}
		places = append(places, tags)
	}
	for _, tags := range places {
		if !in.has("Tags") {
			clear(*tags)
		}
		for _, tag := range in.list("Tags") {
			if key := tag.text("Key"); !tag.has("Value") || (*tags)[key] == tag.text("Value") {
				delete(*tags, key)
			}
		}
	}
	return nil, nil
}
