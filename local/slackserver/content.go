package slackserver

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"handrail/local/slackserver/blockkit"
)

const markdownTextMax = 12_000 // docs.slack.dev, chat.postMessage

// content reads and checks text, blocks, attachments and metadata of a call.
func (c *call) content() (content, error) {
	return readContent(c.args)
}

func readContent(a args) (content, error) {
	out := content{text: a["text"]}
	if md := a["markdown_text"]; md != "" {
		if out.text != "" || !empty(a["blocks"]) {
			return out, refuse("markdown_text_conflict")
		}
		if utf8.RuneCountInString(md) > markdownTextMax {
			return out, refuse("msg_too_long")
		}
		out.text = md
		a = args{"blocks": string(toJSON([]any{reply{"type": "markdown", "text": md}})), "metadata": a["metadata"]}
	}
	if err := out.readBlocks(a["blocks"]); err != nil {
		return out, err
	}
	if err := out.readAttachments(a["attachments"]); err != nil {
		return out, err
	}
	if err := out.readMetadata(a["metadata"]); err != nil {
		return out, err
	}
	if out.text == "" && out.blocks == nil && out.attachments == nil {
		return out, refuse("no_text")
	}
	return out, nil
}

func (c *content) readBlocks(raw string) error {
	if empty(raw) {
		return nil
	}
	if !json.Valid([]byte(raw)) || raw[0] != '[' {
		return refuse("invalid_blocks_format")
	}
	if err := blockProblems(blockkit.Message, json.RawMessage(raw), ""); err != nil {
		return err
	}
	filled, err := fillIDs(json.RawMessage(raw))
	c.blocks = filled
	return err
}

// blockProblems validates raw and turns what is wrong into Slack's refusal.
func blockProblems(surface blockkit.Surface, raw json.RawMessage, prefix string) error {
	problems := blockkit.Validate(surface, raw)
	if len(problems) == 0 {
		return nil
	}
	out := &apiError{code: blockkit.Code(problems)}
	for _, p := range problems {
		out.messages = append(out.messages, "[ERROR] "+p.Message+" [json-pointer:"+prefix+p.Pointer+"]")
	}
	return out
}

func (c *content) readAttachments(raw string) error {
	c.attachmentsGiven = raw != "" && raw != "null"
	if empty(raw) {
		return nil
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &list) != nil {
		return refuse("invalid_attachments")
	}
	if len(list) > 100 {
		return refuse("too_many_attachments")
	}
	for i, item := range list {
		if blocks := item["blocks"]; !empty(string(blocks)) {
			if err := blockProblems(blockkit.Message, blocks, "/attachments/"+strconv.Itoa(i)); err != nil {
				return err
			}
		}
	}
	c.attachments = json.RawMessage(raw)
	return nil
}

func (c *content) readMetadata(raw string) error {
	if raw == "" || raw == "null" {
		return nil
	}
	if len(raw) > metadataMax {
		return refuse("metadata_too_large")
	}
	var meta struct {
		EventType string         `json:"event_type"`
		Payload   map[string]any `json:"event_payload"`
	}
	if json.Unmarshal([]byte(raw), &meta) != nil {
		return refuse("invalid_metadata_format")
	}
	c.metadataGiven = true
	if meta.EventType == "" && len(meta.Payload) == 0 { // {} takes metadata away
		return nil
	}
	if meta.EventType == "" || meta.Payload == nil {
		return refuse("invalid_metadata_schema")
	}
	c.metadata = json.RawMessage(raw)
	return nil
}

// fillIDs gives every block a block_id and every interactive element an
// action_id, as Slack does for those that come without.
func fillIDs(raw json.RawMessage) (json.RawMessage, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, refuse("invalid_blocks_format")
	}
	changed := false
	fill := func(m map[string]any, key string) {
		if text(m[key]) == "" {
			m[key] = randomToken(5)
			changed = true
		}
	}
	for _, item := range array(v) {
		block := object(item)
		if block == nil {
			continue
		}
		fill(block, "block_id")
		for _, element := range interactive(block) {
			fill(element, "action_id")
		}
	}
	if !changed {
		return raw, nil
	}
	return toJSON(v), nil
}
