package cloud

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"time"
)

// xmlWriter writes answers. A bytes.Buffer cannot fail.
type xmlWriter struct {
	bytes.Buffer
	item string // the protocol's own name of a list's elements
}

func (w *xmlWriter) open(name string)  { w.WriteString("<" + name + ">") }
func (w *xmlWriter) close(name string) { w.WriteString("</" + name + ">") }

func (w *xmlWriter) element(name, text string) {
	w.open(name)
	_ = xml.EscapeText(w, []byte(text))
	w.close(name)
}

// members writes what the model has of a structure, in the model's order.
func (w *xmlWriter) members(s *shape, v map[string]any) {
	for _, m := range s.members {
		if value, ok := v[m.name]; ok && value != nil {
			w.value(m.shape, m.wire, value)
		}
	}
}

func (w *xmlWriter) value(s *shape, name string, v any) {
	switch s.kind {
	case kindStructure:
		inner, _ := v.(map[string]any)
		w.open(name)
		w.members(s, inner)
		w.close(name)
	case kindList:
		w.list(s, name, v)
	case kindMap:
		all, _ := v.(map[string]any)
		w.open(name)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			w.open("entry")
			w.element("key", key)
			w.value(s.element, "value", all[key])
			w.close("entry")
		}
		w.close(name)
	default:
		w.element(name, xmlText(s.kind, v))
	}
}

func (w *xmlWriter) list(s *shape, name string, v any) {
	all, _ := v.([]any)
	item := s.item
	if item == "" {
		item = w.item
	}
	w.open(name)
	for _, value := range all {
		w.value(s.element, item, value)
	}
	w.close(name)
}

// xmlText is a scalar as text. Answers of stubs may have any type.
func xmlText(kind byte, v any) string {
	if text, ok := v.(string); ok && kind == kindTime {
		if at, ok := timeOf(text).(time.Time); ok {
			v = at
		}
	}
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case map[string]any, []any:
		return ""
	}
	return fmt.Sprint(v)
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func (x Exchange) writeEC2(answer map[string]any, requestID string) []byte {
	w := &xmlWriter{item: "item"}
	name := x.signature.name + "Response"
	w.WriteString(xmlHead + "<" + name + ` xmlns="` + x.service.namespace + `/">`)
	w.element("requestId", requestID)
	if len(x.signature.output.members) == 0 {
		w.element("return", "true")
	}
	w.members(x.signature.output, answer)
	w.close(name)
	return w.Bytes()
}

func (x Exchange) writeQuery(answer map[string]any, requestID string) []byte {
	w := &xmlWriter{item: "member"}
	name := x.signature.name
	w.WriteString("<" + name + `Response xmlns="` + x.service.namespace + `">`)
	w.open(name + "Result")
	w.members(x.signature.output, answer)
	w.close(name + "Result")
	w.open("ResponseMetadata")
	w.element("RequestId", requestID)
	w.close("ResponseMetadata")
	w.close(name + "Response")
	return w.Bytes()
}

func errorEC2(e *Error, requestID string) []byte {
	w := &xmlWriter{}
	w.WriteString(xmlHead + "<Response><Errors><Error>")
	w.element("Code", e.Code)
	w.element("Message", e.Message)
	w.WriteString("</Error></Errors>")
	w.element("RequestID", requestID)
	w.close("Response")
	return w.Bytes()
}

func (x Exchange) errorQuery(e *Error, fault, requestID string) []byte {
	w := &xmlWriter{}
	w.WriteString(`<ErrorResponse xmlns="` + x.service.namespace + `"><Error>`)
	w.element("Type", fault)
	w.element("Code", e.Code)
	w.element("Message", e.Message)
	w.close("Error")
	w.element("RequestId", requestID)
	w.close("ErrorResponse")
	return w.Bytes()
}
