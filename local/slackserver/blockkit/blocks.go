package blockkit

import "unicode/utf8"

const (
	maxMarkdown = 12_000 // cumulative per payload: docs.slack.dev, markdown block
	maxCharts   = 2
	maxNesting  = 2 // containers within containers and layouts
)

// blocks checks the array of blocks and what holds over all of them.
func (w *walk) blocks(at string, v any) {
	most := maxViewBlocks
	if w.surface == Message {
		most = maxMessageBlocks
	}
	list(1, most, func(w *walk, at string, v any) { w.block(at, v, nil) })(w, at, v)
	if w.plans > 1 {
		w.problem(at, "cannot have more than 1 plan block")
	}
	if w.plans > 0 && w.cards > 0 {
		w.problem(at, "a plan block cannot stand beside task_card blocks")
	}
	if w.markdown > maxMarkdown {
		w.problem(at, "markdown blocks must have less than %d characters together", maxMarkdown+1)
	}
	if w.tables > 1 {
		w.problem(at, "cannot have more than 1 table block")
	}
	if w.tableText > maxTableText {
		w.problem(at, "table cells must have less than %d characters together", maxTableText+1)
	}
	if w.charts > maxCharts {
		w.problem(at, "cannot have more than %d data_visualization blocks", maxCharts)
	}
}

// block checks one block; allowed limits its type inside other blocks.
func (w *walk) block(at string, v any, allowed []string) {
	o, _ := v.(map[string]any)
	if id, ok := o["block_id"].(string); ok && id != "" {
		if w.ids[id] {
			w.problem(below(at, "block_id"), "block_id must be unique: %s", id)
		}
		w.ids[id] = true
	}
	kind, _ := o["type"].(string)
	switch kind {
	case "plan":
		w.plans++
	case "task_card":
		w.cards++
	case "table", "data_table":
		w.tables++
	case "data_visualization":
		w.charts++
	case "markdown":
		text, _ := o["text"].(string)
		w.markdown += utf8.RuneCountInString(text)
	}
	w.typed(at, v, w.t.blocks, allowed)
}

// blockShapes lists every block that an app may send.
func blockShapes() map[string]shape {
	out := classicBlocks()
	for kind, s := range progressBlocks() {
		out[kind] = s
	}
	for kind, s := range dataBlocks() {
		out[kind] = s
	}
	for kind, s := range groupBlocks() {
		out[kind] = s
	}
	for kind, s := range out {
		s.fields = merge(map[string]check{"block_id": str(0, 255)}, s.fields)
		out[kind] = s
	}
	return out
}

func classicBlocks() map[string]shape {
	return map[string]shape{
		"actions": {need: []string{"elements"}, fields: map[string]check{"elements": list(1, 25, element(actionElements()))}, also: uniqueActions},
		"section": {fields: map[string]check{
			"text": prose(3000), "fields": list(1, 10, prose(2000)), "accessory": element(sectionElements()), "expand": boolean,
		}, also: textOrFields},
		"context": {need: []string{"elements"}, fields: map[string]check{"elements": list(1, 10, contextElement)}},
		"header":  {need: []string{"text"}, fields: map[string]check{"text": plain(150), "level": number(1, 4)}},
		"divider": {},
		"image":   picture(map[string]check{"title": plain(2000)}),
		"video": {need: []string{"alt_text", "title", "thumbnail_url", "video_url"}, fields: map[string]check{
			"alt_text": str(1, 2000), "title": plain(200), "thumbnail_url": link(3000), "video_url": link(3000), "title_url": link(3000),
			"author_name": str(1, 50), "provider_name": str(1, 50), "provider_icon_url": link(3000), "description": plain(200),
		}},
		"input": {need: []string{"label", "element"}, fields: map[string]check{
			"label": plain(2000), "hint": plain(2000), "element": element(inputElements()), "optional": boolean, "dispatch_action": boolean,
		}, also: fileInput},
		"markdown":  {need: []string{"text"}, fields: map[string]check{"text": str(1, maxMarkdown)}, on: []Surface{Message}},
		"rich_text": {need: []string{"elements"}, fields: map[string]check{"elements": list(1, 0, richElement)}},
		"alert": {need: []string{"text"}, fields: map[string]check{
			"text": prose(200), "level": oneOf("default", "info", "warning", "error", "success"),
		}, on: []Surface{Modal}},
		"context_actions": {need: []string{"elements"}, fields: map[string]check{
			"elements": list(1, 5, element([]string{"feedback_buttons", "icon_button"})),
		}, on: []Surface{Message}},
	}
}

func textOrFields(w *walk, at string, o map[string]any) {
	if o["text"] == nil && o["fields"] == nil {
		w.problem(at, "missing required field: text or fields")
	}
}

func contextElement(w *walk, at string, v any) {
	if o, ok := v.(map[string]any); ok && o["type"] == "image" {
		w.typed(at, v, w.t.elements, []string{"image"})
		return
	}
	prose(3000)(w, at, v)
}

// uniqueActions: two elements of one block must not share an action_id.
func uniqueActions(w *walk, at string, o map[string]any) {
	seen := map[string]bool{}
	items, _ := o["elements"].([]any)
	for i, v := range items {
		e, _ := v.(map[string]any)
		id, _ := e["action_id"].(string)
		if id != "" && seen[id] {
			w.problem(below(item(below(at, "elements"), i), "action_id"), "action_id must be unique within its block: %s", id)
		}
		seen[id] = true
	}
}

func fileInput(w *walk, at string, o map[string]any) {
	e, _ := o["element"].(map[string]any)
	if e["type"] == "file_input" && w.surface != Modal {
		w.problem(below(at, "element"), "file_input is not available in %s", w.surface)
	}
}
