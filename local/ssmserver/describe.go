package ssmserver

import "slices"

type executionRequest struct{ AutomationExecutionId string }

func getExecution(s *Server, _ caller, in executionRequest) (any, error) {
	e, err := s.executions.get(in.AutomationExecutionId)
	if err != nil {
		return nil, err
	}
	return struct{ AutomationExecution executionDetail }{e.detail()}, nil
}

type describeExecutionsRequest struct {
	Filters    []filter
	MaxResults int
	NextToken  string
}

// describeExecutions lists the newest first.
func describeExecutions(s *Server, _ caller, in describeExecutionsRequest) (any, error) {
	if err := checkExecutionFilters(in.Filters); err != nil {
		return nil, err
	}
	type row struct {
		e    *execution
		data executionMetadata
	}
	var rows []row
	for _, e := range s.candidates(in.Filters) {
		data := e.metadata()
		if matchesAll(in.Filters, func(f filter, v string) bool { return matchesExecution(e, data, f.Key, v) }) {
			rows = append(rows, row{e, data})
		}
	}
	page, next, err := paginate(rows, in.MaxResults, in.NextToken, "executions", func(r row) string { return falling(r.e.number) })
	if err != nil {
		return nil, err
	}
	list := []executionMetadata{}
	for _, r := range page {
		list = append(list, r.data)
	}
	return struct {
		AutomationExecutionMetadataList []executionMetadata
		NextToken                       string `json:",omitempty"`
	}{list, next}, nil
}

// candidates spares a poller that names its executions the walk over all of them.
func (s *Server) candidates(filters []filter) []*execution {
	i := slices.IndexFunc(filters, func(f filter) bool { return f.Key == "ExecutionId" })
	if i < 0 {
		return s.executions.newest()
	}
	var out []*execution
	for _, id := range filters[i].Values {
		if e, err := s.executions.get(id); err == nil && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *execution) int { return int(b.number - a.number) })
	return out
}

type describeStepsRequest struct {
	AutomationExecutionId string
	Filters               []filter
	NextToken             string
	MaxResults            int
	ReverseOrder          bool
}

func describeSteps(s *Server, _ caller, in describeStepsRequest) (any, error) {
	e, err := s.executions.get(in.AutomationExecutionId)
	if err != nil {
		return nil, err
	}
	if err := checkStepFilters(in.Filters); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	runs := e.runsLocked()
	type row struct {
		at  int // in the order of start, so that steps that start meanwhile do not shift the pages
		run *stepRun
	}
	list, key := "steps", func(r row) string { return rising(int64(r.at)) }
	var rows []row
	for i, run := range runs {
		if matchesAll(in.Filters, func(f filter, v string) bool { return matchesStep(run, f.Key, v) }) {
			rows = append(rows, row{i, run})
		}
	}
	if in.ReverseOrder {
		slices.Reverse(rows)
		list, key = "reversed-steps", func(r row) string { return falling(int64(r.at)) }
	}
	page, next, err := paginate(rows, in.MaxResults, in.NextToken, list, key)
	if err != nil {
		return nil, err
	}
	steps := []stepExecution{}
	for _, r := range page {
		steps = append(steps, e.stepLocked(r.run))
	}
	return struct {
		StepExecutions []stepExecution
		NextToken      string `json:",omitempty"`
	}{steps, next}, nil
}
