package blockkit

// progressBlocks show work under way: plan and task_card.
func progressBlocks() map[string]shape {
	task := shape{
		need: []string{"task_id", "title"},
		fields: map[string]check{
			"block_id": str(0, 255), "task_id": str(1, 255), "title": str(1, 300), "hide_title": boolean,
			"status":  oneOf("pending", "in_progress", "complete", "error"),
			"details": richTextBlock, "output": richTextBlock,
			"sources": list(1, 0, source),
		},
		on: []Surface{Message},
	}
	return map[string]shape{
		"task_card": task,
		"plan": {
			need:   []string{"title"},
			fields: map[string]check{"title": str(1, 300), "tasks": list(1, 50, taskOf(task))},
			also:   uniqueTasks,
			on:     []Surface{Message},
		},
	}
}

func taskOf(task shape) check {
	return func(w *walk, at string, v any) {
		w.typed(at, v, map[string]shape{"task_card": task}, nil)
	}
}

func source(w *walk, at string, v any) {
	w.typed(at, v, map[string]shape{"url": {
		need: []string{"url", "text"}, fields: map[string]check{"url": link(3000), "text": str(1, 256)},
	}}, nil)
}

func uniqueTasks(w *walk, at string, o map[string]any) {
	seen := map[string]bool{}
	tasks, _ := o["tasks"].([]any)
	for i, v := range tasks {
		t, _ := v.(map[string]any)
		id, _ := t["task_id"].(string)
		if id != "" && seen[id] {
			w.problem(below(item(below(at, "tasks"), i), "task_id"), "task_id must be unique: %s", id)
		}
		seen[id] = true
	}
}

// richTextBlock is exactly one rich_text block inside another one.
func richTextBlock(w *walk, at string, v any) {
	w.typed(at, v, map[string]shape{"rich_text": {
		need: []string{"elements"}, fields: map[string]check{"block_id": str(0, 255), "elements": list(1, 0, richElement)},
	}}, nil)
}
