package main

import (
	"encoding/json"
	"slices"
	"testing"

	"slipway.dev/engine/internal/protocol"
)

func configurationOf(t *testing.T, e *engine, image string) map[string]any {
	t.Helper()
	var read map[string]any
	text := call[protocol.ImageConfiguration](e, "image.configuration", protocol.ImageName{Image: image}).Text
	must(t, json.Unmarshal([]byte(text), &read))
	return read
}

func TestAnImageIsGivenAnotherConfigurationOverTheSameLayers(t *testing.T) {
	e := opened(t, t.TempDir())
	plain := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"LABEL own=1\n")).Facts
	given := protocol.ImageReconfigure{Image: plain.Id, Configuration: `{"created":"2020-01-02T03:04:05Z","config":{"Env":["A=1"]},
		"history":[{"created_by":"me"}],"rootfs":{"diff_ids":[]}}`}
	made := call[protocol.ImageFacts](e, "image.reconfigure", given)
	again := call[protocol.ImageFacts](e, "image.reconfigure", given)
	if made.Id == plain.Id || made.Id != again.Id || !slices.Equal(made.DiffIds, plain.DiffIds) || len(made.Labels) != 0 {
		t.Errorf("%+v\n%+v\n%+v", plain, made, again)
	}
	if made.Created != "2020-01-02T03:04:05Z" || made.Platform != plain.Platform || !slices.Equal(made.Env, []string{"A=1"}) {
		t.Errorf("%+v", made)
	}
	if history := configurationOf(t, e, made.Id)["history"].([]any); len(history) != len(plain.DiffIds) {
		t.Errorf("%d entries for %d layers: %v", len(history), len(plain.DiffIds), history)
	}
	if ran := call[protocol.Ran](e, "image.run", protocol.RunCommand{Image: made.Id, Command: []string{"/bin/true"}}); ran.ExitCode != 0 {
		t.Errorf("exit status %d", ran.ExitCode)
	}
	given.Configuration = `{"config":{"Healthcheck":{"Test":["NONE"]}}}`
	if checked := call[protocol.ImageFacts](e, "image.reconfigure", given); checked.MediaType != "application/vnd.docker.distribution.manifest.v2+json" {
		t.Errorf("%+v", checked)
	}
	given.Configuration = "["
	if got := failure(e, "image.reconfigure", given); got.Code != "IMAGE_CONFIGURATION_INVALID" {
		t.Errorf("%+v", got)
	}
}

func TestAConfigurationIsTheSameHereAndInARegistry(t *testing.T) {
	address := registry(t, "")
	e := opened(t, t.TempDir())
	id := small(t, e, "")
	call[protocol.Pushed](e, "image.push", protocol.ImagePush{Token: "p", Image: id, Reference: address + "/app:1"})
	configuration := `{"config":{"Labels":{"a":"b"},"User":""},"history":[{"created_by":"x","empty_layer":true}]}`
	made := call[protocol.ImageFacts](e, "image.reconfigure", protocol.ImageReconfigure{Image: id, Configuration: configuration})
	light := start(t, t.TempDir())
	must(t, light.greet(version, protocol.Version))
	call[protocol.Pushed](light, "registry.reconfigure", protocol.RegistryReconfigure{
		Token: "r", From: address + "/app:1", To: address + "/app:2", Platform: "linux/amd64", Configuration: configuration, Tagged: true})
	there := call[protocol.ImageFacts](light, "registry.image", protocol.RegistryImage{Reference: address + "/app:2", Platform: "linux/amd64"})
	if there.Id != made.Id {
		t.Errorf("%+v\n%+v", made, there)
	}
	got := call[protocol.ImageConfiguration](light, "registry.configuration", protocol.RegistryConfiguration{Reference: address + "/app:2", Platform: "linux/amd64"})
	if local := call[protocol.ImageConfiguration](e, "image.configuration", protocol.ImageName{Image: made.Id}); local.Text != got.Text {
		t.Errorf("%s\n%s", local.Text, got.Text)
	}
	if pulled := call[protocol.ImagePulled](opened(t, t.TempDir()), "image.pull", pull(address+"/app:2", "newer")); pulled.Facts.Id != made.Id {
		t.Errorf("%+v", pulled)
	}
}

func TestARecordIsALocalImageOfLabels(t *testing.T) {
	address := registry(t, "")
	e := opened(t, t.TempDir())
	labels := []protocol.Pair{{Name: "a", Value: "1"}, {Name: "b", Value: ""}}
	made := call[protocol.ImageFacts](e, "image.record", protocol.LocalRecord{Name: "localhost/project:record", Labels: labels})
	if !slices.Equal(made.Labels, labels) || len(made.DiffIds) != 0 || made.Size != 0 {
		t.Errorf("%+v", made)
	}
	found := call[protocol.ImageFacts](e, "image.inspect", protocol.ImageName{Image: "localhost/project:record"})
	if found.Id != made.Id {
		t.Errorf("%+v", found)
	}
	call[protocol.Pushed](e, "registry.record", protocol.RegistryRecord{Reference: address + "/app:record", Labels: labels})
	there := call[protocol.ImageFacts](e, "registry.image", protocol.RegistryImage{Reference: address + "/app:record", Platform: "linux/amd64"})
	if there.Id != made.Id {
		t.Errorf("%+v", there)
	}
	other := call[protocol.ImageFacts](e, "image.record", protocol.LocalRecord{Name: "localhost/project:record", Labels: labels[:1]})
	tags := call[protocol.TagList](e, "image.list", protocol.ImageList{Repository: "localhost/project"})
	if other.Id == made.Id || !slices.Equal(tags.Tags, []string{"record"}) {
		t.Errorf("%+v, %v", other, tags)
	}
}
