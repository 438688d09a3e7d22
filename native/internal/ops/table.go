package ops

import (
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

// Table maps every operation of the protocol to what answers it.
func Table(s *Session) wire.Handlers {
	table := wire.Handlers{
		"host.check":          wire.Handle(checkHost(s)),
		"store.open":          wire.Handle(openStore(s)),
		"image.list":          withStore(s, listImages),
		"image.inspect":       withStore(s, inspectImage),
		"image.configuration": withStore(s, imageConfiguration),
		"image.pull":          withStore(s, pullImage(s)),
		"image.build":         withStore(s, buildImage(s)),
		"image.commit":        withStore(s, commitImage),
		"image.reconfigure":   withStore(s, reconfigureImage),
		"image.record":        withStore(s, keepRecord),
		"terminal.resize":     withStore(s, resizeTerminal),
		"image.push":          withStore(s, pushImage(s)),
		"image.tag":           withStore(s, tagImage),
		"image.remove":        withStore(s, removeImage),
		"image.run":           withStore(s, runImage),
		"layer.export":        withStore(s, exportLayer),
		"stage.make":          withStore(s, makeStage(s)),
		"files.checksum":      withStore(s, checksumFiles),

		"layer.compare":          wire.Handle(compareLayers),
		"directory.remove":       wire.Handle(removeDirectory(s)),
		"dockerfile.parse":       wire.Handle(parseDockerfile),
		"match.paths":            wire.Handle(matchPaths),
		"template.render":        wire.Handle(renderTemplate),
		"registry.tags":          wire.Handle(listTags(s, registry.NewTagLists())),
		"registry.image":         wire.Handle(describeImage(s)),
		"registry.head":          wire.Handle(headImage(s, registry.NewReading())),
		"registry.copy":          wire.Handle(copyImage(s)),
		"registry.configuration": wire.Handle(registryConfiguration(s)),
		"registry.reconfigure":   wire.Handle(reconfigureRemote(s)),
		"registry.record":        wire.Handle(writeRecord(s)),
		"registry.index":         wire.Handle(writeIndex(s)),
		"registry.delete":        wire.Handle(deleteImage(s)),
		"archive.list":           wire.Handle(listArchive),
		"archive.fill":           wire.Handle(fillArchive(s)),
		"archive.unload":         wire.Handle(unloadArchive(s)),
		"registry.login":         wire.Handle(logIn(s)),
	}
	for name, handle := range table {
		table[name] = s.afterHello(handle)
	}
	table["hello"] = wire.Handle(hello(s))
	return table
}
