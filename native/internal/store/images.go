package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/storage"
)

// ErrNoImage says that no local image has the name or id.
var ErrNoImage = errors.New("no such local image")

// localDomain is where names without a registry belong, as with Podman and Buildah.
const localDomain = "localhost"

// Find looks an image up by id (`sha256:…` or hex) or by name.
func (s *Store) Find(image string) (*storage.Image, error) {
	for _, name := range lookups(image) {
		found, err := s.Image(name)
		if err == nil {
			return found, nil
		}
		if !errors.Is(err, storage.ErrImageUnknown) {
			return nil, fmt.Errorf("looking for image %s: %w", image, err)
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoImage, image)
}

// lookups lists what an image may be known as, the most literal first.
func lookups(image string) []string {
	if hex, isID := strings.CutPrefix(image, "sha256:"); isID {
		return []string{hex}
	}
	names := []string{image}
	if local, err := LocalName(image); err == nil {
		names = append(names, local)
	}
	if named, err := reference.ParseNormalizedNamed(image); err == nil {
		names = append(names, reference.TagNameOnly(named).String())
	}
	return names
}

// LocalName completes a name for a local image: without a registry it is below localhost, without a tag latest.
func LocalName(name string) (string, error) {
	first, _, several := strings.Cut(name, "/")
	if !several || (!strings.ContainsAny(first, ".:") && first != localDomain) {
		name = localDomain + "/" + name
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return "", fmt.Errorf("%q is not an image name: %w", name, err)
	}
	return reference.TagNameOnly(named).String(), nil
}

// Tags lists the tags of local images named `<repository>:<tag>` that begin with prefix, sorted.
func (s *Store) Tags(repository, prefix string) ([]string, error) {
	images, err := s.Images()
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	wanted, err := LocalName(repository)
	if err != nil {
		return nil, err
	}
	wanted = strings.TrimSuffix(wanted, ":latest") + ":"
	var tags []string
	for _, image := range images {
		for _, name := range image.Names {
			if tag, found := strings.CutPrefix(name, wanted); found && strings.HasPrefix(tag, prefix) {
				tags = append(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	return tags, nil
}

// Name gives an image a further name, taking it from whatever had it.
func (s *Store) Name(image, name string) error {
	found, err := s.Find(image)
	if err != nil {
		return err
	}
	local, err := LocalName(name)
	if err != nil {
		return err
	}
	if err := s.AddNames(found.ID, []string{local}); err != nil {
		return fmt.Errorf("naming image %s %s: %w", image, local, err)
	}
	return nil
}

// Remove takes a name from an image, and deletes the image with its last name; by id it is deleted at once.
// An image that is not there is no error.
func (s *Store) Remove(image string) error {
	found, err := s.Find(image)
	if errors.Is(err, ErrNoImage) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range lookups(image) {
		if slices.Contains(found.Names, name) && len(found.Names) > 1 {
			return s.RemoveNames(found.ID, []string{name})
		}
	}
	if _, err := s.DeleteImage(found.ID, true); err != nil && !errors.Is(err, storage.ErrImageUnknown) {
		return fmt.Errorf("removing image %s: %w", image, err)
	}
	return nil
}

// Manifest reads the manifest of a local image.
func (s *Store) Manifest(image *storage.Image) ([]byte, error) {
	text, err := s.ImageBigData(image.ID, storage.ImageDigestBigDataKey)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of image %s: %w", image.ID, err)
	}
	return text, nil
}

// Configuration reads the configuration a manifest of the image names.
func (s *Store) Configuration(image *storage.Image, manifest []byte) ([]byte, error) {
	var described struct {
		Config struct {
			Digest digest.Digest `json:"digest"`
		} `json:"config"`
	}
	if err := json.Unmarshal(manifest, &described); err != nil {
		return nil, fmt.Errorf("reading the manifest of image %s: %w", image.ID, err)
	}
	text, err := s.ImageBigData(image.ID, described.Config.Digest.String())
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of image %s: %w", image.ID, err)
	}
	return text, nil
}
