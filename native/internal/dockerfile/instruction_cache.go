package dockerfile

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/recipe"
)

// instructionsDirectory lies in the store: what is remembered is worth as much as the layers it names.
const instructionsDirectory = "slipway-instructions"

// forgetAfter is how long an instruction is remembered that no build asks for.
const forgetAfter = 30 * 24 * time.Hour

// Shelf is where layers are. *store.Store is one.
type Shelf interface {
	GraphRoot() string
	// Scratch is a directory of this process beside the layers.
	Scratch() string
	Layer(id string) (*storage.Layer, error)
}

// InstructionCache remembers which layer an instruction made. Losing it costs time, nothing else: whatever cannot be
// read or written is forgotten.
type InstructionCache struct {
	shelf Shelf

	mu sync.Mutex
	// busy are the instructions that are being made; a channel is closed when its instruction is done.
	busy map[string]chan struct{}
}

// NewInstructionCache opens the one that belongs to a store.
func NewInstructionCache(shelf Shelf) *InstructionCache {
	return &InstructionCache{shelf: shelf, busy: map[string]chan struct{}{}}
}

// hold waits until no other build of this process makes the instruction, so that equal stages of several images are made
// once. Call done when it is made, or could not be.
func (c *InstructionCache) hold(ctx context.Context, key string) (done func(), err error) {
	for {
		c.mu.Lock()
		other, taken := c.busy[key]
		if !taken {
			own := make(chan struct{})
			c.busy[key] = own
			c.mu.Unlock()
			return func() {
				c.mu.Lock()
				delete(c.busy, key)
				c.mu.Unlock()
				close(own)
			}, nil
		}
		c.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// remembered is one file. Without a layer the instruction changed nothing.
type remembered struct {
	Layer  string        `json:"layer"`
	DiffID digest.Digest `json:"diffId"`
}

func (c *InstructionCache) path(key string) string {
	return filepath.Join(c.shelf.GraphRoot(), instructionsDirectory, key[:2], key)
}

// find gives the image that an instruction made over a parent, with the layer it added, if it did and the store still
// has it.
func (c *InstructionCache) find(key string, parent recipe.Image) (image recipe.Image, added *layer.Made, found bool) {
	text, err := os.ReadFile(c.path(key))
	if err != nil {
		return parent, nil, false
	}
	var made remembered
	if json.Unmarshal(text, &made) != nil {
		return parent, nil, false
	}
	now := time.Now()
	_ = os.Chtimes(c.path(key), now, now)
	if made.Layer == "" {
		return parent, nil, true
	}
	stored, err := c.shelf.Layer(made.Layer)
	if err != nil || stored.Parent != parent.Layer || stored.UncompressedDigest != made.DiffID {
		return parent, nil, false
	}
	image = parent
	image.Layer, image.DiffIDs = stored.ID, append(slices.Clone(parent.DiffIDs), made.DiffID)
	return image, &layer.Made{ID: stored.ID, DiffID: made.DiffID, Size: stored.UncompressedSize}, true
}

// remember notes what an instruction made over a parent. The file appears whole or not at all.
func (c *InstructionCache) remember(key string, parent, image recipe.Image) {
	made := remembered{}
	if image.Layer != parent.Layer {
		made = remembered{Layer: image.Layer, DiffID: image.DiffIDs[len(image.DiffIDs)-1]}
	}
	// Two strings: they always encode.
	text, _ := json.Marshal(made)
	file, err := os.CreateTemp(c.shelf.Scratch(), "instruction-")
	if err != nil {
		return
	}
	_, err = file.Write(text)
	if closing := file.Close(); err == nil && closing == nil && os.MkdirAll(filepath.Dir(c.path(key)), 0o700) == nil {
		err = os.Rename(file.Name(), c.path(key))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	c.forget(filepath.Dir(c.path(key)))
}

// forget removes what no build has asked for in a long time from one of the directories: each has its turn when something
// new comes into it.
func (c *InstructionCache) forget(directory string) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if status, err := entry.Info(); err == nil && time.Since(status.ModTime()) > forgetAfter {
			_ = os.Remove(filepath.Join(directory, entry.Name()))
		}
	}
}
