package ops

import (
	"context"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

func listArchive(_ context.Context, params protocol.ArchiveList, _ wire.Emit) (protocol.ArchiveImages, error) {
	archive, err := registry.OpenArchive(params.Path)
	if err != nil {
		return protocol.ArchiveImages{}, asFailure(nil, err)
	}
	defer archive.Close()
	listed := protocol.ArchiveImages{Images: []protocol.ArchivedImage{}}
	for _, one := range archive.Images() {
		listed.Images = append(listed.Images, protocol.ArchivedImage{Name: one.Name, Original: one.Original, Digest: one.Digest})
	}
	return listed, nil
}

func fillArchive(s *Session) func(context.Context, protocol.ArchiveFill, wire.Emit) (protocol.ArchiveFilled, error) {
	return func(ctx context.Context, params protocol.ArchiveFill, emit wire.Emit) (protocol.ArchiveFilled, error) {
		images := make([]registry.ArchiveSource, len(params.Images))
		for i, one := range params.Images {
			images[i] = registry.ArchiveSource{Name: one.Name, Reference: one.Reference, Original: one.Original}
		}
		filled, err := registry.Fill(ctx, s.Settings(), params.Path, images, emit)
		return protocol.ArchiveFilled{
			Gone: filled.Gone, Kept: filled.Kept, Added: filled.Added, Size: int(filled.Bytes),
		}, asFailure(nil, err)
	}
}

func unloadArchive(s *Session) func(context.Context, protocol.ArchiveUnload, wire.Emit) (protocol.Nothing, error) {
	return func(ctx context.Context, params protocol.ArchiveUnload, emit wire.Emit) (protocol.Nothing, error) {
		images := make([]registry.ArchiveTarget, len(params.Images))
		for i, one := range params.Images {
			images[i] = registry.ArchiveTarget{Name: one.Name, To: one.To}
		}
		return nil, asFailure(nil, s.writer.Unload(ctx, params.Path, images, emit))
	}
}
