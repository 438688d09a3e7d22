package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/docker/distribution/registry/api/errcode"
	errcodev2 "github.com/docker/distribution/registry/api/v2"
	"go.podman.io/image/v5/docker"
)

// Codes of what can go wrong with a registry.
const (
	Denied             = "REGISTRY_DENIED"
	NotFound           = "REGISTRY_NOT_FOUND"
	Unreachable        = "REGISTRY_UNREACHABLE"
	Busy               = "REGISTRY_BUSY"
	Failed             = "REGISTRY_FAILED"
	CertificateInvalid = "REGISTRY_CERTIFICATE"
	Blocked            = "REGISTRY_BLOCKED"
	PlatformMismatch   = "PLATFORM_MISMATCH"
	CredentialsInvalid = "CREDENTIALS_INVALID"
	ReferenceInvalid   = "REFERENCE_INVALID"
	// TooLarge says that something on the way limits the size of requests.
	TooLarge = "REGISTRY_TOO_LARGE"
	// Rejected says that the registry does not want what it was given.
	Rejected = "REGISTRY_REJECTED"
	// Corrupt says that what arrived is not what was sent.
	Corrupt = "REGISTRY_CORRUPT"
	// Offline says that a registry would have to be asked, and must not be.
	Offline = "OFFLINE"
	// Unpushable says that the local image cannot be sent as it is.
	Unpushable = "IMAGE_UNPUSHABLE"
)

// Fault is what a registry answered, or that it did not: a code, a sentence and what to do.
type Fault struct {
	Code, Message, Hint string
	Cause               error
	// RetryAfter is how long the registry wants to be left alone; 0: it did not say.
	RetryAfter time.Duration
}

// Error gives the sentence.
func (f *Fault) Error() string { return f.Message }

// Unwrap gives what the library said.
func (f *Fault) Unwrap() error { return f.Cause }

// Passing says whether trying again may help.
func (f *Fault) Passing() bool {
	return f.Code == Unreachable || f.Code == Busy || f.Code == Failed
}

// Absent says that nobody answers at the address: a second look may help, a long wait seldom does.
func (f *Fault) Absent() bool {
	var lookup *net.DNSError
	return errors.Is(f.Cause, syscall.ECONNREFUSED) ||
		(errors.As(f.Cause, &lookup) && lookup.IsNotFound) ||
		strings.Contains(f.Message, "server gave HTTP response to HTTPS client")
}

// Classify turns an error of the image library into a fault. `doing` is such as "pulling"; subject is the reference.
// Errors that are not the registry's are returned as they are.
func Classify(err error, doing, subject string) error {
	var known *Fault
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	code, hint := codeOf(err)
	if code == "" {
		return fmt.Errorf("%s %s: %w", doing, subject, err)
	}
	return &Fault{Code: code, Message: fmt.Sprintf("%s %s: %v", doing, subject, err), Hint: hint, Cause: err}
}

func codeOf(err error) (code, hint string) {
	if lostBlob(err) {
		return Corrupt, "the registry has lost a part of this image: push it again"
	}
	if code, hint = codeOfStatus(statusOf(err)); code != "" {
		return code, hint
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return Unreachable, "the registry speaks plain HTTP: allow it with --insecure-registry"
	case strings.Contains(text, "x509:") || strings.Contains(text, "tls: "):
		return CertificateInvalid, "add its certificate authority to /etc/containers/certs.d/<host>, or use --skip-tls-verify-registry"
	case strings.Contains(text, "is blocked"):
		return Blocked, "registries.conf blocks this registry"
	case isNetwork(err):
		return Unreachable, "is the address right, and the registry up?"
	}
	return "", ""
}

// lostBlob says that a registry does not have what one of its manifests names.
func lostBlob(err error) bool {
	var coded errcode.Error
	var many errcode.Errors
	if errors.As(err, &many) && len(many) > 0 {
		return lostBlob(many[0])
	}
	return errors.As(err, &coded) && coded.Code == errcodev2.ErrorCodeBlobUnknown
}

func codeOfStatus(status int) (code, hint string) {
	switch {
	case status == 401 || status == 403:
		return Denied, "are you logged in to this registry, and may this user do it?"
	case status == 404:
		return NotFound, "check the name and the tag"
	case status == 429:
		return Busy, "the registry limits requests: try again later, or log in"
	case status >= 500:
		return Failed, "the registry has a problem of its own: try again later"
	}
	return "", ""
}

// statusOf finds the HTTP status behind an error; 0: there is none.
func statusOf(err error) int {
	var denied docker.ErrUnauthorizedForCredentials
	var status docker.UnexpectedHTTPStatusError
	var coded errcode.Error
	switch {
	case errors.As(err, &denied):
		return 401
	case errors.Is(err, docker.ErrTooManyRequests):
		return 429
	case errors.As(err, &status):
		return status.StatusCode
	case errors.As(err, &coded):
		return statusOfCode(coded.Code)
	}
	var many errcode.Errors
	if errors.As(err, &many) && len(many) > 0 {
		return statusOf(many[0])
	}
	return statusInText(err.Error())
}

func statusOfCode(code errcode.ErrorCode) int {
	switch code {
	case errcode.ErrorCodeUnauthorized:
		return 401
	case errcode.ErrorCodeDenied:
		return 403
	case errcode.ErrorCodeTooManyRequests:
		return 429
	case errcode.ErrorCodeUnavailable:
		return 503
	case errcodev2.ErrorCodeManifestUnknown, errcodev2.ErrorCodeNameUnknown:
		return 404
	case errcode.ErrorCodeUnknown:
		return 500
	}
	return 0
}

// statusInText reads the status out of the library's words, where it keeps the type to itself.
func statusInText(text string) int {
	var status int
	for _, mark := range []string{"StatusCode: ", "invalid status code from registry ", "unexpected http code: "} {
		if _, rest, found := strings.Cut(text, mark); found {
			if _, err := fmt.Sscanf(rest, "%d", &status); err == nil {
				return status
			}
		}
	}
	return 0
}

// isNetwork tells the network's errors from those of the disk: a plain errno would pass for both.
func isNetwork(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return false
	}
	var operation *net.OpError
	var lookup *net.DNSError
	var request *url.Error
	return errors.As(err, &operation) || errors.As(err, &lookup) || errors.As(err, &request) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ETIMEDOUT) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
