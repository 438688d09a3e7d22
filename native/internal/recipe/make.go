package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/layer"
)

// Make executes a recipe. The image has one layer more than the base, or the same layers where nothing changed; its
// configuration is the base's. Steps end within two seconds after ctx is done.
func (w *Workshop) Make(ctx context.Context, recipe Recipe, progress Progress) (Image, error) {
	directory, err := os.MkdirTemp(w.Store.Scratch(), "recipe-")
	if err != nil {
		return Image{}, fmt.Errorf("preparing a recipe: %w", err)
	}
	defer os.RemoveAll(directory)
	at := &making{Workshop: w, Recipe: recipe, directory: directory, progress: progress}
	made, changed, err := at.layer(ctx)
	if err != nil {
		return Image{}, w.full(err)
	}
	if !changed {
		return recipe.Base, nil
	}
	if w.Uploads != nil && recipe.UploadTo != "" {
		w.Uploads.Start(recipe.UploadTo, made)
	} else {
		w.Layers.Blobs.Spend(made.Blob)
	}
	return recipe.Base.with(made, made.DiffID), nil
}

// Redate makes an image of a layer that was made over an equal parent with another epoch. origin is the layer's first
// diff id.
func (w *Workshop) Redate(ctx context.Context, again Redating) (Image, error) {
	made, err := w.Layers.Redate(ctx, again.Base.Layer, again.Layer, again.From, again.To)
	if err != nil {
		return Image{}, w.full(err)
	}
	if w.Uploads != nil && again.UploadTo != "" {
		w.Uploads.Start(again.UploadTo, made)
	}
	return again.Base.with(made, again.Origin), nil
}

// with is an image with one layer more.
func (i Image) with(made layer.Made, origin digest.Digest) Image {
	i.Origins = append(slices.Clone(i.FirstMade()), origin)
	i.Layer, i.Late = made.ID, made.Late
	i.DiffIDs = append(slices.Clone(i.DiffIDs), made.DiffID)
	return i
}

// FirstMade names the layers by what they were when they were first made, whatever dates they have now.
func (i Image) FirstMade() []digest.Digest {
	if i.Origins == nil {
		return i.DiffIDs
	}
	return i.Origins
}

// full adds the sentence about a disk without space to what failed for the lack of it.
func (w *Workshop) full(err error) error {
	if sentence, is := w.Store.Full(err); is {
		return fmt.Errorf("%s: %w", sentence, err)
	}
	return err
}

// Tree reads the file system of an image without mounting it.
func (w *Workshop) Tree(image Image) (*layer.Tree, error) { return layer.Open(w.Store, image.Layer) }

// making is one recipe under way.
type making struct {
	*Workshop
	Recipe
	// directory belongs to this recipe alone and lies in the store.
	directory string
	progress  Progress
	spools    int
}

// layer makes the recipe's layer; changed is false where there is none.
func (m *making) layer(ctx context.Context) (made layer.Made, changed bool, err error) {
	if slices.ContainsFunc(m.Steps, isRun) {
		return m.perform(ctx)
	}
	below, err := m.Tree(m.Base)
	if err != nil {
		return layer.Made{}, false, err
	}
	if made, changed, err = m.stream(ctx, below); !errors.Is(err, layer.ErrUnsorted) {
		return made, changed, err
	}
	draft := layer.NewDraft(below, m.Epoch)
	for _, step := range m.Steps {
		if err := m.plan(ctx, draft, step); err != nil {
			return layer.Made{}, false, err
		}
	}
	if !draft.Changed() {
		return layer.Made{}, false, nil
	}
	made, err = m.Layers.Entries(ctx, m.Base.Layer, draft.Entries())
	made.Late = draft.Late()
	return made, err == nil, err
}

func isRun(step Step) bool {
	_, is := step.(Run)
	return is
}

// plan adds what a step changes to a draft.
func (m *making) plan(ctx context.Context, draft *layer.Draft, step Step) error {
	switch step := step.(type) {
	case Extract:
		return m.extract(ctx, draft, step)
	case Copy:
		return m.copy(ctx, draft, step)
	case Place:
		return m.placeFiles(ctx, draft, step)
	case Import:
		return m.importFiles(ctx, draft, step)
	case Remove:
		return remove(draft, step)
	case Empty:
		return m.emptyAll(draft, step)
	}
	return fmt.Errorf("a step of type %T cannot be planned", step)
}

func remove(draft *layer.Draft, step Remove) error {
	for _, path := range step.Paths {
		canonical, _, err := layer.ResolveParent(draft, path)
		if err != nil {
			return fmt.Errorf("removing %s: %w", path, err)
		}
		if err := draft.Remove(canonical); err != nil {
			return fmt.Errorf("removing %s: %w", path, err)
		}
	}
	return nil
}
