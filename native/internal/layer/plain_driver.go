package layer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	tarsplit "github.com/vbatts/tar-split/tar/storage"
	drivers "go.podman.io/storage/drivers"
	"go.podman.io/storage/drivers/vfs"
	"go.podman.io/storage/pkg/archive"
	"go.podman.io/storage/pkg/directory"
	"go.podman.io/storage/pkg/idtools"

	"slipway.dev/engine/internal/store"
)

// What lies in the directory of a layer, beside what is kept of its owners.
const (
	diffName   = "diff"
	parentFile = "parent"
)

// stagingName holds layers that are being made.
const stagingName = "staging"

// RegisterDriver makes the storage driver `plain` known to the library. It needs neither mounts nor privileges: a layer is a
// directory of changes. It may be called again.
var RegisterDriver = sync.OnceFunc(func() { drivers.MustRegister(string(store.Plain), openPlain) })

// plainDriver keeps each layer in `<home>/dir/<id>`: its changes, removals as files `.wh.NAME`, and the id of its parent. How
// directories are listed and removed is vfs's, which has them in the same place.
type plainDriver struct {
	drivers.Driver
	home string
}

func openPlain(home string, options drivers.Options) (drivers.Driver, error) {
	if err := os.MkdirAll(filepath.Join(home, stagingName), 0o700); err != nil {
		return nil, fmt.Errorf("making the store's directory: %w", err)
	}
	options.DriverOptions = nil
	below, err := vfs.Init(home, options)
	return &plainDriver{Driver: below, home: home}, err
}

// String is the driver's name.
func (*plainDriver) String() string { return string(store.Plain) }

func (d *plainDriver) at(id string) string      { return filepath.Join(d.home, "dir", filepath.Base(id)) }
func (d *plainDriver) content(id string) string { return filepath.Join(d.at(id), diffName) }

// CreateReadWrite makes an empty layer.
func (d *plainDriver) CreateReadWrite(id, parent string, options *drivers.CreateOpts) error {
	return d.Create(id, parent, options)
}

// Create makes an empty layer.
func (d *plainDriver) Create(id, parent string, _ *drivers.CreateOpts) error {
	if err := os.MkdirAll(d.content(id), 0o755); err != nil {
		return fmt.Errorf("making layer %s: %w", id, err)
	}
	if err := os.WriteFile(filepath.Join(d.at(id), parentFile), []byte(parent), 0o600); err != nil {
		return fmt.Errorf("making layer %s: %w", id, err)
	}
	return nil
}

// CreateFromTemplate is not needed: ids are never mapped.
func (*plainDriver) CreateFromTemplate(
	_, _ string, _ *idtools.IDMappings, _ string, _ *idtools.IDMappings, _ *drivers.CreateOpts, _ bool,
) error {
	return drivers.ErrNotSupported
}

// Get is refused: files are put together in working trees.
func (*plainDriver) Get(id string, _ drivers.MountOpts) (string, error) {
	return "", fmt.Errorf("layer %s cannot be mounted by driver plain", id)
}

// Put has nothing to take down.
func (*plainDriver) Put(string) error { return nil }

// Metadata tells where a layer and those below it lie, as overlay does.
func (d *plainDriver) Metadata(id string) (map[string]string, error) {
	var places []string
	for at := id; at != ""; {
		parent, err := os.ReadFile(filepath.Join(d.at(at), parentFile))
		if err != nil {
			return nil, err
		}
		places = append(places, d.content(at))
		at = string(parent)
	}
	return map[string]string{"UpperDir": places[0], "LowerDir": strings.Join(places[1:], ":")}, nil
}

// UpdateLayerIDMap is refused: ids are never mapped.
func (*plainDriver) UpdateLayerIDMap(string, *idtools.IDMappings, *idtools.IDMappings, string) error {
	return drivers.ErrNotSupported
}

// SupportsShifting says no.
func (*plainDriver) SupportsShifting([]idtools.IDMap, []idtools.IDMap) bool { return false }

// errNoDiff says that every layer has a description its tar is made from again.
var errNoDiff = errors.New("driver plain compares no layers")

// Diff is never needed.
func (*plainDriver) Diff(string, *idtools.IDMappings, string, *idtools.IDMappings, string) (io.ReadCloser, error) {
	return nil, errNoDiff
}

// Changes is never needed.
func (*plainDriver) Changes(string, *idtools.IDMappings, string, *idtools.IDMappings, string) ([]archive.Change, error) {
	return nil, errNoDiff
}

// DiffSize is what a layer itself takes.
func (d *plainDriver) DiffSize(id string, _ *idtools.IDMappings, _ string, _ *idtools.IDMappings, _ string) (int64, error) {
	return directory.Size(d.content(id))
}

// ApplyDiff fills a layer from a tar.
func (d *plainDriver) ApplyDiff(id string, options drivers.ApplyDiffOpts) (int64, error) {
	size, err := Unpack(NewArchive(options.Diff), d.content(id))
	if err != nil {
		return 0, fmt.Errorf("unpacking layer %s: %w", id, err)
	}
	// What follows the end of the tar belongs to its digest.
	_, err = io.Copy(io.Discard, options.Diff)
	return size, err
}

// DiffGetter reads the files of a layer by the names in its tar.
func (d *plainDriver) DiffGetter(id string) (drivers.FileGetCloser, error) {
	return fileGetter{tarsplit.NewPathFileGetter(d.content(id))}, nil
}

type fileGetter struct{ tarsplit.FileGetter }

// Close has nothing to close.
func (fileGetter) Close() error { return nil }

// ApplyDiffWithDiffer lets a layer be made in a staging directory.
func (d *plainDriver) ApplyDiffWithDiffer(
	_ *drivers.ApplyDiffWithDifferOpts, differ drivers.Differ,
) (drivers.DriverWithDifferOutput, error) {
	staging, err := os.MkdirTemp(filepath.Join(d.home, stagingName), "")
	if err != nil {
		return drivers.DriverWithDifferOutput{}, fmt.Errorf("making a staging directory: %w", err)
	}
	content := filepath.Join(staging, diffName)
	if err := os.Mkdir(content, 0o755); err != nil {
		return drivers.DriverWithDifferOutput{}, errors.Join(err, os.RemoveAll(staging))
	}
	output, err := differ.ApplyDiff(content, &archive.TarOptions{WhiteoutFormat: archive.AUFSWhiteoutFormat}, &drivers.DifferOptions{})
	output.Target = content
	return output, err
}

// ApplyDiffFromStagingDirectory moves a layer out of its staging directory, with what is kept beside it.
func (d *plainDriver) ApplyDiffFromStagingDirectory(
	id, _ string, output *drivers.DriverWithDifferOutput, _ *drivers.ApplyDiffWithDifferOpts,
) error {
	if err := os.Remove(d.content(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("adding layer %s: %w", id, err)
	}
	staging := filepath.Dir(output.Target)
	entries, err := os.ReadDir(staging)
	if err != nil {
		return fmt.Errorf("adding layer %s: %w", id, err)
	}
	// The content last: a layer that has it is whole.
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return contentLast(a) - contentLast(b) })
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), store.StagingMark) {
			continue
		}
		if err := os.Rename(filepath.Join(staging, entry.Name()), filepath.Join(d.at(id), entry.Name())); err != nil {
			return fmt.Errorf("adding layer %s: %w", id, err)
		}
	}
	return nil
}

func contentLast(entry os.DirEntry) int {
	if entry.Name() == diffName {
		return 1
	}
	return 0
}

// CleanupStagingDirectory removes what was not used.
func (*plainDriver) CleanupStagingDirectory(content string) error {
	return os.RemoveAll(filepath.Dir(content))
}

// DifferTarget is where the files of a layer lie.
func (d *plainDriver) DifferTarget(id string) (string, error) { return d.content(id), nil }

var (
	_ drivers.DriverWithDiffer = (*plainDriver)(nil)
	_ drivers.DiffGetterDriver = (*plainDriver)(nil)
)
