package ssmserver

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"handrail/local/ssmserver/cloud"
)

// maxTags: the texts of Tags of StartAutomationExecution and of AddTagsToResource in the API reference.
const maxTags = 50

type tagsRequest struct {
	ResourceType string
	ResourceID   string `json:"ResourceId"`
	Tags         []tag
	TagKeys      []string
}

func addTags(s *Server, _ caller, in tagsRequest) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return struct{}{}, s.retag(in, func(tags []tag) ([]tag, error) {
		for _, t := range in.Tags {
			if i := slices.IndexFunc(tags, func(old tag) bool { return old.Key == t.Key }); i >= 0 {
				tags[i] = t
			} else {
				tags = append(tags, t)
			}
		}
		if len(tags) > maxTags {
			return nil, refuse("TooManyTagsError", "A resource has %d tags at most.", maxTags)
		}
		return tags, nil
	})
}

func removeTags(s *Server, _ caller, in tagsRequest) (any, error) {
	return struct{}{}, s.retag(in, func(tags []tag) ([]tag, error) {
		return slices.DeleteFunc(tags, func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) }), nil
	})
}

func listTags(s *Server, _ caller, in tagsRequest) (any, error) {
	list := []tag{}
	err := s.retag(in, func(tags []tag) ([]tag, error) {
		list = append(list, tags...)
		return tags, nil
	})
	return struct{ TagList []tag }{list}, err
}

// retag replaces the tags of a resource by what change makes of a copy.
func (s *Server) retag(in tagsRequest, change func([]tag) ([]tag, error)) error {
	switch in.ResourceType {
	case "Automation":
		e, err := s.executions.get(in.ResourceID)
		if err != nil {
			return invalidResource(in.ResourceID)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		return changeTags(&e.tags, change)
	case "Document":
		return s.documents.retag(in.ResourceID, change)
	case "Parameter":
		return s.retagParameter(in.ResourceID, change)
	case "ManagedInstance":
		return s.retagInstance(in.ResourceID, change)
	}
	return refuse("InvalidResourceType", "The local SSM keeps tags of the types Automation, Document, ManagedInstance and Parameter.")
}

func (s *Server) retagParameter(name string, change func([]tag) ([]tag, error)) error {
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	if _, ok := s.parameters.newest(name); !ok {
		return invalidResource(name)
	}
	tags := s.parameters.tags[name]
	if err := changeTags(&tags, change); err != nil {
		return err
	}
	if s.parameters.tags == nil {
		s.parameters.tags = map[string][]tag{}
	}
	s.parameters.tags[name] = tags
	return nil
}

// retagInstance changes the tags of a machine of the fleet that is no EC2 instance: its ID begins with mi-.
func (s *Server) retagInstance(id string, change func([]tag) ([]tag, error)) error {
	if !strings.HasPrefix(id, "mi-") {
		return invalidResource(id)
	}
	err := s.cloud.Retag(id, func(old map[string]string) (map[string]string, error) {
		var tags []tag
		for _, key := range slices.Sorted(maps.Keys(old)) {
			tags = append(tags, tag{key, old[key]})
		}
		tags, err := change(tags)
		changed := map[string]string{}
		for _, t := range tags {
			changed[t.Key] = t.Value
		}
		return changed, err
	})
	if errors.Is(err, cloud.ErrNoInstance) {
		return invalidResource(id)
	}
	return err
}

func invalidResource(id string) error {
	return refuse("InvalidResourceId", "There is no resource %s to tag.", id)
}

func changeTags(tags *[]tag, change func([]tag) ([]tag, error)) error {
	changed, err := change(slices.Clone(*tags))
	if err != nil {
		return err
	}
	*tags = changed
	return nil
}

// retag changes the tags of one of the account's own documents.
func (l *library) retag(name string, change func([]tag) ([]tag, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	plain, ok := l.plainName(name)
	d := l.documents[plain]
	if !ok || d == nil || d.owner != l.account {
		return invalidResource(name)
	}
	return changeTags(&d.tags, change)
}

func addTagsShape() shape { return tagsShape(map[string]shape{"Tags": tagList()}, "Tags") }

func removeTagsShape() shape {
	return tagsShape(map[string]shape{"TagKeys": list(tagKey(), 0, 0)}, "TagKeys")
}

func listTagsShape() shape { return tagsShape(map[string]shape{}) }

func tagsShape(members map[string]shape, required ...string) shape {
	members["ResourceId"] = text(0, 0)
	members["ResourceType"] = enum("Document", "ManagedInstance", "MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem", "OpsMetadata",
		"Automation", "Association")
	return structure(members, append(required, "ResourceType", "ResourceId")...)
}
