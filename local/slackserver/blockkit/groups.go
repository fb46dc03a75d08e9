package blockkit

// groupBlocks hold other blocks or elements: container, layout, card, carousel.
func groupBlocks() map[string]shape {
	images := element([]string{"image"})
	card := shape{fields: map[string]check{
		"block_id": str(0, 255), "hero_image": images, "icon": images, "title": prose(150), "subtitle": prose(150), "body": prose(200), "subtext": prose(200),
		"slack_icon": func(w *walk, at string, v any) {
			w.typed(at, v, map[string]shape{"icon": {need: []string{"name"}, fields: map[string]check{"name": str(1, 255)}}}, nil)
		},
		"actions": list(1, 3, element([]string{"button", "workflow_button"})),
	}, also: cardContent}
	return map[string]shape{
		"card": card,
		"carousel": {need: []string{"elements"}, fields: map[string]check{"elements": list(1, 10, func(w *walk, at string, v any) {
			w.typed(at, v, map[string]shape{"card": card}, nil)
		})}, on: []Surface{Message, Home}},
		"container": {need: []string{"child_blocks"}, fields: map[string]check{
			"title": plain(150), "rich_text_title": richTextBlock, "subtitle": prose(150), "icon": images,
			"width": oneOf("narrow", "standard", "wide", "full"), "is_collapsible": boolean, "default_collapsed": boolean, "has_header_divider": boolean,
			"child_blocks": list(1, 10, child),
		}, also: containerTitle, on: []Surface{Message}},
		"layout": {need: []string{"label", "rows"}, fields: map[string]check{
			"label": str(1, 150), "is_label_visible": boolean, "grid_lines": oneOf("none", "rows", "outer"), "fallback": list(1, 50, child),
			"rows": list(1, 5, obj(shape{need: []string{"items"}, fields: map[string]check{
				"items": list(1, 3, obj(shape{need: []string{"block"}, fields: map[string]check{
					"block": child, "width": oneOf("narrow", "standard", "wide"), "horizontal_alignment": oneOf("start", "center", "end"),
				}})),
			}})),
		}},
	}
}

// child is a block inside a container or a layout.
func child(w *walk, at string, v any) {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxNesting {
		w.problem(at, "is nested too deeply")
		return
	}
	w.block(at, v, []string{
		"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video", "container", "layout",
		"card", "carousel", "data_table", "data_visualization",
	})
}

func cardContent(w *walk, at string, o map[string]any) {
	if o["hero_image"] == nil && o["title"] == nil && o["actions"] == nil && o["body"] == nil {
		w.problem(at, "missing required field: hero_image, title, actions or body")
	}
	if o["icon"] != nil && o["slack_icon"] != nil {
		w.problem(at, "must provide either icon or slack_icon")
	}
}

func containerTitle(w *walk, at string, o map[string]any) {
	if o["title"] == nil && o["rich_text_title"] == nil {
		w.problem(at, "missing required field: title or rich_text_title")
	}
}
