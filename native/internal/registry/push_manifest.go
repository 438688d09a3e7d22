package registry

import (
	"context"
	"fmt"
	"net/http"

	"go.podman.io/image/v5/manifest"
)

// publish writes the tag. missing: the registry says that it lacks blobs, or got a broken one.
func (p *push) publish(ctx context.Context, written []byte) (missing bool, err error) {
	release, err := p.uploads.slot(ctx, p.domain())
	if err != nil {
		return false, err
	}
	defer release()
	at, err := p.uploads.endpoint(p.repository())
	if err != nil {
		return false, err
	}
	err = persist(ctx, p.uploads.rules.schedule, p.tell, func() (bool, error) {
		missing, err = p.put(ctx, at, written)
		return false, err
	})
	return missing, err
}

func (p *push) put(ctx context.Context, at *endpoint, written []byte) (missing bool, err error) {
	name := p.to.Tag()
	if p.instead != "" {
		name = p.instead.String()
	}
	to, err := at.path(ctx, "manifests", name)
	if err != nil {
		return false, err
	}
	load := cargoOfText(written)
	said, _, err := at.send(ctx, call{
		method: http.MethodPut, at: to, header: http.Header{"Content-Type": {manifest.GuessMIMEType(written)}},
		open: load.part(0, load.size), length: load.size,
	})
	if err != nil {
		return false, err
	}
	if said.status != http.StatusCreated && said.status != http.StatusOK && said.status != http.StatusAccepted {
		missing = said.says("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "DIGEST_INVALID") && said.status < 500
		fault := said.fault("pushing", p.subject)
		if missing {
			fault.Code, fault.Hint = Rejected, "the registry loses blobs: is its storage shared, or being cleaned up?"
		}
		return missing, fault
	}
	if got := said.header.Get("Docker-Content-Digest"); got != "" && got != load.digest.String() {
		return false, &Fault{Code: Corrupt, Hint: changedOnTheWay,
			Message: fmt.Sprintf("pushing %s: manifest %s was sent, but the registry got %s", p.subject, load.digest, got)}
	}
	return false, nil
}
