package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"slipway.dev/engine/internal/store"
)

// cacheMark ends what the library writes into the history of an image whose file times it changed.
var cacheMark = regexp.MustCompile(`\s*\|clamp-mtime=\d+\s*$`)

// normalise gives an image its final form: nothing of the machine, and OCI's media types unless it holds what OCI has no
// field for.
func (r *record) normalise() error {
	hasDocker, err := store.Tidy(r.configuration)
	if err != nil {
		return err
	}
	delete(r.manifest, "annotations")
	if err := plainHistory(r.configuration); err != nil {
		return err
	}
	return r.retype(hasDocker)
}

// plainHistory takes the library's marks for its cache out of the history.
func plainHistory(configuration map[string]json.RawMessage) error {
	var history []map[string]json.RawMessage
	text, present := configuration["history"]
	if !present {
		return nil
	}
	if err := json.Unmarshal(text, &history); err != nil {
		return fmt.Errorf("reading a history: %w", err)
	}
	for _, entry := range history {
		var command string
		if json.Unmarshal(entry["created_by"], &command) != nil || !cacheMark.MatchString(command) {
			continue
		}
		if err := set(entry, "created_by", cacheMark.ReplaceAllString(command, "")); err != nil {
			return err
		}
	}
	return set(configuration, "history", history)
}

// retype gives the manifest Docker's media types, or OCI's, if its layers have such.
func (r *record) retype(toDocker bool) error {
	var written v1.Manifest
	if err := json.Unmarshal(r.manifest["config"], &written.Config); err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	if err := json.Unmarshal(r.manifest["layers"], &written.Layers); err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	if !store.Retype(&written, toDocker) {
		return nil
	}
	return errors.Join(set(r.manifest, "config", written.Config), set(r.manifest, "layers", written.Layers),
		set(r.manifest, "mediaType", written.MediaType))
}
