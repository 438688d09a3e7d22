package recipe

import (
	"context"
	"io"
	"time"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
)

// Image is what a recipe starts from and what it makes: layers of the store and a configuration. The zero value is
// an image without anything.
type Image struct {
	// Layer is the id of the top layer; empty: there is none.
	Layer string
	// DiffIDs are those of all layers, the lowest first.
	DiffIDs []digest.Digest
	// Origins are the diff ids under which the layers were first made: they stay when a layer is dated anew. nil: DiffIDs.
	Origins []digest.Digest
	// Late says that the top layer cannot be dated anew.
	Late bool
	// Configuration holds everything but the layers' list, which Save writes.
	Configuration imagespec.DockerOCIImage
}

// Recipe says how a layer is made over an image.
type Recipe struct {
	// Base is the image below; the zero value: nothing.
	Base Image
	// Steps happen in order. Without a Run among them nothing is mounted or entered.
	Steps []Step
	// Epoch is the latest time that entries of the layer may have.
	Epoch time.Time
	// UploadTo is a repository that gets the layer as soon as it is made; empty: none.
	UploadTo string
}

// Redating asks for a layer as it would be with another epoch.
type Redating struct {
	Base  Image
	Layer string
	// Origin is the diff id under which the layer was first made.
	Origin   digest.Digest
	From, To time.Time
	UploadTo string
}

// Step is one of Extract, Copy, Place, Import, Remove, Empty, Run.
type Step interface{ isStep() }

// Extract takes every entry of a tar. Names that lead out of the image are refused; links on the way are followed inside
// the image. Whiteouts (`.wh.`) remove.
type Extract struct {
	// Open starts the stream; it is called once.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// To is the directory of the image that names are relative to; empty: its root.
	To string
	// Sorted promises that entries come in the order of layers (ByPlace), so that they need not be kept anywhere.
	Sorted bool
}

// Copy takes files into the image, as COPY and ADD do.
type Copy struct {
	From Source
	// Patterns are sources inside From: files, directories (their contents are taken), or wildcards for them.
	Patterns []string
	// Exclude are patterns, relative to From as those of an ignore file are, of what is left out.
	Exclude []string
	// To is an absolute, clean path in the image; a slash at its end, or several sources, mean a directory.
	To string
	// Chown is `user[:group]`, names or numbers, looked up in the image; empty: 0:0.
	Chown string
	// Chmod is a mode for everything that is taken, octal or in words as chmod takes them; empty: modes stay.
	Chmod string
	// Unpack extracts files that are local tar archives, plain or compressed, as ADD does.
	Unpack bool
	// Parents keeps the directories above what is taken, from the root or from `/./` in a pattern on. `**` in a pattern is
	// any number of directories then.
	Parents bool
}

// Source is where a Copy takes its files from: one of ContextSource, TreeSource, TextSource, FileSource.
type Source interface{ isSource() }

// ContextSource asks for the files of one need of the build context as a tar, names relative to the context's root,
// in the order of layers.
type ContextSource struct {
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// TreeSource is the file system of another image.
type TreeSource struct{ Image Image }

// TextSource is files whose content stands in the Dockerfile; names are those that Patterns ask for.
type TextSource struct{ Files map[string]string }

// FileSource is one file on the disk under a name, such as a download.
type FileSource struct {
	Name, Path string
	// Modified is the file's time; the zero value: Epoch of the recipe.
	Modified time.Time
}

// Remove removes paths and what is below them. What is not there is no error.
type Remove struct{ Paths []string }

// Empty makes directories empty. What they are stays; one that is missing becomes root's, and so does one in the place of a file.
type Empty struct{ Paths []string }

// Place brings the files of a git mapping to their state in another commit. Directories that are there stay as they are,
// others are made when they are needed, group-writable. A file replaces a directory, and a directory a file.
type Place struct {
	// To is an absolute, clean directory of the image that names are relative to.
	To string
	// Owner and Group get what is made or replaced: names or numbers, looked up in the image; empty: 0.
	Owner, Group string
	// Removed are clean paths below To that are removed first. Directories above them, but To, that hold nothing in the end
	// are removed as well. What is not there is no error.
	Removed []string
	// Open starts a tar; it is called again where the files cannot be passed on while they are read. nil: there is none.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Import takes files of another image as they are there: with modes, times, links and attributes. Directories that are there
// are joined and stay as they are; a link to one is followed. Files are replaced. Where nothing is taken, Progress gets a
// warning.
type Import struct {
	From Image
	// Name is what From is called in messages.
	Name string
	// Add is an absolute path in From. What the system mounts at the top of an image is not taken.
	Add string
	// To is an absolute path: of what a directory holds; of a file or a link itself, unless a directory is there.
	To string
	// Include and Exclude are masks as those of git mappings, relative to Add; no Include: everything.
	Include, Exclude []string
	// Owner and Group are names or numbers, looked up in the image that is made; empty: as in From.
	Owner, Group string
}

// Run runs a command.
type Run struct {
	// Command is executed as it is: no shell is added.
	Command []string
	// User is `user[:group]`, names or numbers, looked up in the image; empty: 0:0.
	User string
	// Dir is made where it is missing; empty: /.
	Dir string
	// Env is the whole environment.
	Env []string
	// Mounts are there while the command runs, and leave no trace.
	Mounts  []Mount
	Network isolation.Network
	// AddHosts are `name:ip` for /etc/hosts.
	AddHosts []string
	// Stdin is given to the command; empty: nothing.
	Stdin string
	// Insecure gives the command all capabilities of the engine.
	Insecure bool
	// Instead is what runs in place of the command: nothing is kept then, and the error is ErrNotKept. nil: the command runs.
	Instead *Terminal
	// AfterFailure runs when the command has failed, in what it left. nil: nothing does.
	AfterFailure *Terminal
}

// Mount is something that a command sees at a path without its being part of the image.
type Mount struct {
	Target string
	// Source is a path on the disk for a bind mount; empty: a tmpfs.
	Source   string
	ReadOnly bool
	// Tree is an image whose file system is the source, with Source a path in it; nil: Source is on the disk.
	Tree *Image
	// Size of a tmpfs in bytes; 0: no limit.
	Size int64
	// Cache, Secret and Agent are shown instead of what Source names; at most one of them is there. What Tree and Source
	// show is the first content of a cache.
	Cache  *Cache
	Secret *Secret
	Agent  *Agent
}

func (Extract) isStep() {}
func (Copy) isStep()    {}
func (Place) isStep()   {}
func (Import) isStep()  {}
func (Remove) isStep()  {}
func (Empty) isStep()   {}
func (Run) isStep()     {}

func (ContextSource) isSource() {}
func (TreeSource) isSource()    {}
func (TextSource) isSource()    {}
func (FileSource) isSource()    {}

// Uploader gets layers on their way to a registry.
type Uploader interface {
	// Start begins to upload a layer; whether that worked shows when the image is pushed.
	Start(repository string, made layer.Made)
}
