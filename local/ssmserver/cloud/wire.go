package cloud

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// The protocols of the services: smithy.io/2.0/aws/protocols/index.html.
const (
	protocolEC2   = "ec2"
	protocolQuery = "query"
	protocolJSON  = "json"
)

// Exchange is one request of a client over the wire, and how it is answered: in the EC2 or the AWS query protocol, or
// in AWS JSON. Services that speak REST, such as eks and s3, can be called in process only.
type Exchange struct {
	// Service is boto3's name for the client; Signs is the name in the scope of its signatures.
	Service, Signs string
	// Operation is as the client has it, "" if it names none.
	Operation string
	// Known says that the operation is one of Covered.
	Known bool
	// Params are the parameters as boto3 has them.
	Params map[string]any
	// Problem is why the request cannot be read, nil if it can.
	Problem error
	// ContentType is that of the answer.
	ContentType string

	service   *service
	protocol  string
	signature signature
}

// maxInflated bounds a compressed request in bytes.
const maxInflated = 1 << 20

// Decode reads a request. It answers false if the request is for none of the services.
func (c *Cloud) Decode(header http.Header, body []byte) (Exchange, bool) {
	var x Exchange
	var form url.Values
	target := header.Get("X-Amz-Target")
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	body, err := inflate(header, body)
	switch {
	case target != "":
		prefix, operation, _ := strings.Cut(target, ".")
		if x.service = c.serviceWith(func(s *service) bool { return s.target == prefix }); x.service == nil {
			return x, false
		}
		x.Operation, x.protocol, x.ContentType = operation, protocolJSON, "application/x-amz-json-"+x.service.json
	case kind == "application/x-www-form-urlencoded":
		var bad error
		form, bad = url.ParseQuery(string(body))
		if x.service = c.serviceWith(func(s *service) bool { return s.speaksForms() && s.version == form.Get("Version") }); x.service == nil {
			return x, false
		}
		x.Operation, x.protocol, x.ContentType = form.Get("Action"), protocolQuery, "text/xml"
		if x.service.protocol == protocolEC2 {
			x.protocol, x.ContentType = protocolEC2, "text/xml;charset=UTF-8"
		}
		err = errors.Join(err, bad)
	default:
		return x, false
	}
	x.Service, x.Signs = x.service.name, x.service.signs()
	x.signature = x.service.operations[strings.ToLower(x.Operation)]
	x.Known = x.Operation != "" && x.signature.name == x.Operation
	if !x.Known {
		nothing := &shape{kind: kindStructure}
		x.signature = signature{name: "Unknown", input: nothing, output: nothing}
	}
	x.read(body, form, err)
	return x, true
}

// read reads the parameters, or says why it cannot.
func (x *Exchange) read(body []byte, form url.Values, err error) {
	switch {
	case err != nil:
		x.Problem = &Error{Code: "MalformedInput", Message: "The request could not be read."}
	case !x.Known:
		x.Problem = &UnknownOperationError{Service: x.Service, Operation: brief(x.Operation)}
	case x.protocol == protocolJSON:
		x.Params, x.Problem = readJSON(body)
	default:
		x.Params, x.Problem = x.readForm(form)
	}
}

func inflate(header http.Header, body []byte) ([]byte, error) {
	switch header.Get("Content-Encoding") {
	case "", "identity", "aws-chunked":
		return body, nil
	case "gzip":
	default:
		return nil, fmt.Errorf("unknown content encoding")
	}
	zipped, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(zipped, maxInflated+1))
	if err == nil && len(out) > maxInflated {
		err = fmt.Errorf("the request is larger than %d bytes", maxInflated)
	}
	return out, err
}

func (c *Cloud) serviceWith(matches func(*service) bool) *service {
	for _, s := range c.services {
		if matches(s) {
			return s
		}
	}
	return nil
}

// speaksForms says whether clients may send forms. CloudWatch's may send either.
func (s *service) speaksForms() bool {
	return s.protocol == protocolQuery || s.protocol == protocolEC2 || s.name == "cloudwatch"
}

// signs is the service's name in signatures where it is not boto3's.
func (s *service) signs() string {
	switch s.name {
	case "cloudwatch":
		return "monitoring"
	case "elbv2":
		return "elasticloadbalancing"
	}
	return s.name
}

// Answer writes what the operation answered. Members that the model does not have are left out.
func (x Exchange) Answer(answer map[string]any, requestID string) []byte {
	switch x.protocol {
	case protocolJSON:
		return writeJSON(x.signature.output, answer)
	case protocolEC2:
		return x.writeEC2(answer, requestID)
	}
	return x.writeQuery(answer, requestID)
}

// Refusal writes an error of Decode or Call: the status, the body, and headers beside the content type.
func (x Exchange) Refusal(err error, requestID string) (status int, body []byte, header map[string]string) {
	e := x.asError(err)
	status = e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	fault := "Sender"
	if status >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	switch x.protocol {
	case protocolJSON:
		if x.Service == "cloudwatch" {
			header = map[string]string{"X-Amzn-Query-Error": e.Code + ";" + fault}
		}
		return status, errorJSON(e), header
	case protocolEC2:
		return status, errorEC2(e, requestID), nil
	}
	return status, x.errorQuery(e, fault, requestID), nil
}

// asError gives any error the code that the service would answer.
func (x Exchange) asError(err error) *Error {
	var refused *Error
	var wrong *ParamError
	var unknown *UnknownOperationError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &wrong):
		return &Error{Code: x.wrongParams(wrong), Message: err.Error()}
	case errors.As(err, &unknown) && x.protocol == protocolJSON:
		return &Error{Code: "UnknownOperationException", Message: err.Error()}
	case errors.As(err, &unknown):
		return &Error{Code: "InvalidAction", Message: err.Error()}
	}
	return &Error{Code: "InternalFailure", Message: "An error occurred on the server side.", Status: http.StatusInternalServerError}
}

func (x Exchange) wrongParams(err *ParamError) string {
	switch {
	case x.protocol == protocolEC2 && err.Missing:
		return "MissingParameter"
	case x.protocol == protocolEC2:
		return "InvalidParameterValue"
	case x.Service == "ecs":
		return "InvalidParameterException"
	}
	return "ValidationError"
}
