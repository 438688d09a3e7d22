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

// remembered is one file. Without layers the instruction changed nothing.
type remembered struct {
	// Origin is the diff id that the layer had when the instruction was carried out.
	Origin digest.Digest `json:"origin"`
	// Made are the layers of that, the newest first, each for an epoch in Unix seconds.
	Made []dated `json:"made"`
	// Late says that a layer is exact for its own epoch alone.
	Late bool `json:"late"`
}

type dated struct {
	Epoch  int64         `json:"epoch"`
	Layer  string        `json:"layer"`
	DiffID digest.Digest `json:"diffId"`
}

// mostDates is for how many epochs a layer is remembered.
const mostDates = 4

func (c *InstructionCache) path(key string) string {
	return filepath.Join(c.shelf.GraphRoot(), instructionsDirectory, key[:2], key)
}

// find gives the image that an instruction made over a parent. Where it was made with another epoch, or over the same
// files with other dates, it tells which layer is to be dated anew.
func (c *InstructionCache) find(key string, epoch time.Time, parent recipe.Image) (image recipe.Image, again *recipe.Redating, found bool) {
	made, known := c.read(key)
	if !known {
		return parent, nil, false
	}
	now := time.Now()
	_ = os.Chtimes(c.path(key), now, now)
	if len(made.Made) == 0 {
		return parent, nil, true
	}
	for _, one := range made.Made {
		stored, err := c.shelf.Layer(one.Layer)
		if err != nil || stored.UncompressedDigest != one.DiffID {
			continue
		}
		if one.Epoch == epoch.Unix() && stored.Parent == parent.Layer {
			image = parent
			image.Origins = append(slices.Clone(parent.FirstMade()), made.Origin)
			image.Layer, image.Late = stored.ID, made.Late
			image.DiffIDs = append(slices.Clone(parent.DiffIDs), one.DiffID)
			return image, nil, true
		}
		if again == nil && (!made.Late || one.Epoch == epoch.Unix()) {
			again = &recipe.Redating{Layer: stored.ID, Origin: made.Origin, From: time.Unix(one.Epoch, 0)}
		}
	}
	return parent, again, again != nil
}

func (c *InstructionCache) read(key string) (made remembered, known bool) {
	text, err := os.ReadFile(c.path(key))
	return made, err == nil && json.Unmarshal(text, &made) == nil
}

// remember notes what an instruction made over a parent. The file appears whole or not at all.
func (c *InstructionCache) remember(key string, epoch time.Time, parent, image recipe.Image) {
	made := remembered{}
	if image.Layer != parent.Layer {
		first := image.FirstMade()
		made.Origin, made.Late = first[len(first)-1], image.Late
		made.Made = []dated{{Epoch: epoch.Unix(), Layer: image.Layer, DiffID: image.DiffIDs[len(image.DiffIDs)-1]}}
		if before, known := c.read(key); known && before.Origin == made.Origin {
			made.Late = before.Late
			made.Made = append(made.Made, before.Made[:min(len(before.Made), mostDates-1)]...)
		}
	}
	// Strings and numbers: they always encode.
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
