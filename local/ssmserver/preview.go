package ssmserver

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"handrail/runbook"
)

// previews are what runbooks would do, oldest first. Beyond maxPreviews the oldest are forgotten.
type previews struct {
	mu   sync.Mutex
	list []*preview
}

const maxPreviews = 1_000

// preview is one of them. Its answer is replaced as a whole when it is done.
type preview struct {
	id     string
	answer previewResponse
}

type previewResponse struct {
	ExecutionPreviewId string
	EndedAt            epoch `json:",omitzero"`
	Status             string
	StatusMessage      string            `json:",omitempty"`
	ExecutionPreview   *executionPreview `json:",omitempty"`
}

type executionPreview struct{ Automation automationPreview }

type automationPreview struct {
	StepPreviews   map[runbook.Effect]int
	Regions        []string
	TargetPreviews []targetPreview
	TotalAccounts  int
}

type targetPreview struct {
	Count      int
	TargetType string `json:",omitempty"`
}

func (p *previews) add(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) >= maxPreviews {
		p.list = slices.Delete(p.list, 0, 1)
	}
	p.list = append(p.list, &preview{id: id, answer: previewResponse{ExecutionPreviewId: id, Status: statusInProgress}})
}

func (p *previews) find(id string) *preview {
	i := slices.IndexFunc(p.list, func(other *preview) bool { return other.id == id })
	if i < 0 {
		return nil
	}
	return p.list[i]
}

// end replaces the answer, unless the preview is forgotten.
func (p *previews) end(answer previewResponse) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.find(answer.ExecutionPreviewId); found != nil {
		found.answer = answer
	}
}

type startPreviewRequest struct {
	DocumentName, DocumentVersion string
	ExecutionInputs               struct{ Automation startRequest }
}

// startPreview checks the request and looks at its targets in the background.
func startPreview(s *Server, by caller, in startPreviewRequest) (any, error) {
	request := in.ExecutionInputs.Automation
	request.DocumentName, request.DocumentVersion = in.DocumentName, in.DocumentVersion
	d, v, ok := s.documents.find(in.DocumentName, in.DocumentVersion, "")
	if !ok || v == nil {
		return nil, refuse(codeValidation, "An Automation runbook with the name %s and the version %q couldn't be found.", in.DocumentName, in.DocumentVersion)
	}
	e, err := s.prepareVersion(s.home(by), d, optional(v, request), request)
	var refused *apiError
	if errors.As(err, &refused) {
		return nil, refuse(codeValidation, "%s", refused.message) // the model has no other error
	}
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	s.previews.add(id)
	return map[string]string{"ExecutionPreviewId": id}, s.background(func(ctx context.Context) {
		answer := previewResponse{ExecutionPreviewId: id, Status: statusSuccess}
		targets, err := s.previewTargets(ctx, e, d, v)
		if err != nil {
			answer.Status, answer.StatusMessage = statusFailed, "The targets couldn't be resolved: "+err.Error()
		} else {
			regions, accounts := e.reach()
			answer.ExecutionPreview = &executionPreview{automationPreview{StepPreviews: s.impact(v.parsed), Regions: regions, TargetPreviews: targets, TotalAccounts: accounts}}
		}
		answer.EndedAt = epoch{time.Now()}
		s.previews.end(answer)
	})
}

type getPreviewRequest struct{ ExecutionPreviewId string }

func getPreview(s *Server, _ caller, in getPreviewRequest) (any, error) {
	s.previews.mu.Lock()
	defer s.previews.mu.Unlock()
	found := s.previews.find(in.ExecutionPreviewId)
	if found == nil {
		return nil, refuse("ResourceNotFoundException", "There is no execution preview with the ID %s.", in.ExecutionPreviewId)
	}
	return found.answer, nil
}

// optional is a version none of whose parameters is required: a preview can leave them out.
func optional(v *version, in startRequest) *version {
	out, parsed := *v, *v.parsed
	parsed.Parameters = slices.Clone(parsed.Parameters)
	for i, p := range parsed.Parameters {
		if _, given := in.Parameters[p.Name]; !given && p.Required() {
			parsed.Parameters[i].HasDefault, parsed.Parameters[i].Default = true, ""
		}
	}
	out.parsed = &parsed
	return &out
}

// impact counts the steps by what they do, those of loops instead of the loop.
func (s *Server) impact(d *runbook.Document) map[runbook.Effect]int {
	out := map[runbook.Effect]int{}
	for _, step := range d.Effects(s.child) {
		if step.Action != actionLoop {
			out[step.Effect]++
		}
	}
	return out
}

// child finds the document of an aws:executeAutomation.
func (s *Server) child(name, version string) (*runbook.Document, error) {
	_, v, ok := s.documents.find(name, version, "")
	if !ok || v == nil {
		return nil, errors.New("there is no document " + name)
	}
	return v.parsed, nil
}

// reach gives the Regions and the number of accounts in which e would run.
func (e *execution) reach() (regions []string, accounts int) {
	inRegions, inAccounts := map[string]bool{}, map[string]bool{}
	for _, l := range e.asked.TargetLocations {
		for _, p := range l.places() {
			inRegions[p.region], inAccounts[p.account] = true, true
		}
	}
	if len(inAccounts) == 0 {
		return []string{e.region}, 1
	}
	return slices.Sorted(maps.Keys(inRegions)), len(inAccounts)
}

// previewTargets counts what e would run on, everywhere.
func (s *Server) previewTargets(ctx context.Context, e *execution, d document, v *version) ([]targetPreview, error) {
	if !e.asked.many() {
		return []targetPreview{}, nil
	}
	if len(e.asked.TargetLocations) == 0 {
		subjects, err := s.subjects(ctx, e, d)
		return []targetPreview{{Count: len(subjects), TargetType: e.targetType(d)}}, err
	}
	count := 0
	for _, l := range e.asked.TargetLocations {
		for _, p := range l.places() {
			in := l.request(e.asked, p, v.parsed)
			if !in.many() {
				continue
			}
			o := origin{by: e.identity, account: p.account, region: p.region, parent: e, role: l.role(p)}
			child, err := s.prepareVersion(o, d, optional(v, in), in)
			if err != nil {
				return nil, err
			}
			subjects, err := s.subjects(ctx, child, d)
			if err != nil {
				return nil, err
			}
			count += len(subjects)
		}
	}
	if count == 0 {
		return []targetPreview{}, nil
	}
	return []targetPreview{{Count: count, TargetType: e.targetType(d)}}, nil
}

// targetType is the document's, or else the type of the target parameter, or else that of what was looked up; "" if it is
// anything.
func (e *execution) targetType(d document) string {
	if d.targetType != "" && d.targetType != "/" {
		return strings.TrimPrefix(d.targetType, "/")
	}
	p, _ := e.parsed.Parameter(e.asked.TargetParameterName)
	if kind := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(p.Type, "List<"), ">"), "::Id"); strings.HasPrefix(kind, "AWS::") {
		return kind
	}
	for _, targets := range e.asked.allTargets() {
		if key := targets[0].Key; key != keyValues && key != keyGroup {
			return keyInstances
		}
	}
	return ""
}

func startPreviewShape() shape {
	return structure(map[string]shape{"DocumentName": documentName(), "DocumentVersion": documentVersion(),
		"ExecutionInputs": structure(map[string]shape{"Automation": structure(map[string]shape{
			"Parameters": parameterMap(), "TargetParameterName": text(1, 50), "Targets": targets(), "TargetMaps": targetMaps(),
			"TargetLocations": targetLocations(), "TargetLocationsURL": startShape().members["TargetLocationsURL"],
		})})}, "DocumentName")
}

func getPreviewShape() shape {
	id := pattern(`[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}`)
	id.min, id.max = 36, 36
	return structure(map[string]shape{"ExecutionPreviewId": id}, "ExecutionPreviewId")
}
