package registry

import (
	"context"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"

	"slipway.dev/engine/internal/protocol"
)

// Copy brings an image, or an index with all its images, from one repository to another. Blobs the other has are not sent;
// within a registry they are mounted; the tag is written last, with the same digest.
func (u *Uploads) Copy(ctx context.Context, from, to string, report Report) (protocol.Pushed, error) {
	named, err := tagged(to)
	if err != nil {
		return protocol.Pushed{}, err
	}
	opened, load, err := openRemote(ctx, u.settings(), from)
	if err != nil {
		return protocol.Pushed{}, err
	}
	defer opened.close()
	return u.carry(ctx, load, freight{source: opened, to: named, near: near(opened.repository(), named), report: report})
}

// near gives the path of a repository of the same registry, whose blobs can be mounted.
func near(from, to reference.Named) []string {
	if reference.Domain(from) != reference.Domain(to) || from.Name() == to.Name() {
		return nil
	}
	return []string{reference.Path(from)}
}

// freight says from where to where a parcel goes. near are paths of repositories that blobs may be mounted from.
type freight struct {
	source source
	to     reference.NamedTagged
	near   []string
	report Report
}

// carry brings a parcel: what an index lists goes first.
func (u *Uploads) carry(ctx context.Context, load *parcel, f freight) (protocol.Pushed, error) {
	if err := u.carryChildren(ctx, load, f); err != nil {
		return protocol.Pushed{}, err
	}
	return u.carryOne(ctx, load, f, "")
}

func (u *Uploads) carryChildren(ctx context.Context, load *parcel, f freight) error {
	for _, child := range load.children {
		if err := u.carryChildren(ctx, child, f); err != nil {
			return err
		}
		if _, err := u.carryOne(ctx, child, f, child.digest()); err != nil {
			return err
		}
	}
	return nil
}

// carryOne brings blobs and manifest. instead is what the manifest is put under; empty: the tag.
func (u *Uploads) carryOne(ctx context.Context, load *parcel, f freight, instead digest.Digest) (protocol.Pushed, error) {
	p := &push{uploads: u, to: f.to, instead: instead, subject: reference.FamiliarString(f.to), report: f.report, shown: &shown{}}
	return p.run(ctx, func(ctx context.Context) ([]byte, error) {
		return load.text, p.bringAll(ctx, load.blobs, f)
	})
}

// bringAll has the repository get blobs of a source.
func (p *push) bringAll(ctx context.Context, blobs []v1.Descriptor, f freight) error {
	return together(ctx, len(blobs), func(ctx context.Context, i int) error {
		// A delivery may outlive this push, for another one that waits for the same blob.
		open, err := f.source.blob(p.uploads.ctx, blobs[i])
		if err != nil {
			return err
		}
		return p.bring(ctx, cargo{digest: blobs[i].Digest, size: blobs[i].Size, open: open, sources: f.near})
	})
}

// atOnce is how many images are copied at the same time.
const atOnce = 8

// Unload brings images of an archive into registries. names and references belong together.
func (u *Uploads) Unload(ctx context.Context, path string, images []ArchiveTarget, report Report) error {
	archive, err := OpenArchive(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	places := make(chan struct{}, atOnce)
	return together(ctx, len(images), func(ctx context.Context, i int) error {
		release, err := take(ctx, places)
		if err != nil {
			return err
		}
		defer release()
		return u.unload(ctx, archive, images[i], report)
	})
}

// ArchiveTarget is an image of an archive by its name, and the reference it gets.
type ArchiveTarget struct{ Name, To string }

func (u *Uploads) unload(ctx context.Context, from *Archive, image ArchiveTarget, report Report) error {
	to, err := tagged(image.To)
	if err != nil {
		return err
	}
	found, known := from.find(image.Name)
	if !known {
		return &Fault{Code: NotFound, Message: "the archive " + from.path + " holds no image named " + image.Name}
	}
	text, err := from.text(found.Digest)
	if err != nil {
		return err
	}
	load, err := unpack(ctx, image.Name, text, from, deepest)
	if err != nil {
		return err
	}
	_, err = u.carry(ctx, load, freight{source: from, to: to, report: report})
	return err
}
