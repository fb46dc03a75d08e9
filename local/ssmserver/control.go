package ssmserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// local keeps web pages of other origins away: a browser would send them here with the person's own network.
func local(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !loopback(r.Host) || origin != "" && !loopbackOrigin(origin) || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			answerControl(w, http.StatusForbidden, map[string]string{"error": "control routes are for this machine only"})
			return
		}
		next(w, r)
	}
}

func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && loopback(u.Host)
}

// loopback takes host or host:port.
func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func answerControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller who left is not the server's problem
}

// readControl reads one strict JSON object.
func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(into)
		if err == nil && decoder.More() {
			err = errors.New("there is more text after the end")
		}
	}
	if err != nil {
		answerControl(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("reading the body: %s", err)})
		return false
	}
	return true
}

func (s *Server) controlCalls(w http.ResponseWriter, r *http.Request) {
	list, evicted := s.calls.list(r.URL.Query().Get("operation"))
	answerControl(w, http.StatusOK, map[string]any{"calls": list, "evicted": evicted})
}

func (s *Server) controlAddFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !readControl(w, r, &fault) {
		return
	}
	err := fault.check(s.covers)
	if err == nil {
		err = s.faults.add(fault)
	}
	if err != nil {
		answerControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	answerControl(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Server) controlClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.faults.clear()
	answerControl(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Server) controlInstances(w http.ResponseWriter, _ *http.Request) {
	answerControl(w, http.StatusOK, map[string]any{"instances": s.cloud.Instances()})
}

func (s *Server) controlSetInstance(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	if !readControl(w, r, &body) {
		return
	}
	if err := s.cloud.SetInstance(body.ID, body.State); err != nil {
		answerControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	answerControl(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Server) controlCoverage(w http.ResponseWriter, _ *http.Request) {
	answerControl(w, http.StatusOK, Covered())
}
