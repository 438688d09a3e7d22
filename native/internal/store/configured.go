package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Object is a JSON object whose unknown fields stay as they are.
type Object = map[string]json.RawMessage

// OnlyDocker are fields of an image's `config` that OCI has no place for.
var OnlyDocker = []string{"Healthcheck", "Shell", "OnBuild"}

// hostFields are fields of Docker's configuration that tell about the machine or the container it was made with.
var hostFields = []string{"container", "container_config", "docker_version", "id", "parent", "parent_id"}

// hostConfigFields are such fields inside `config`.
var hostConfigFields = []string{"Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty",
	"OpenStdin", "StdinOnce", "Image", "NetworkDisabled", "MacAddress", "PublishService"}

// Tidy takes out of an image's configuration what tells of a machine, and what says nothing. hasDocker: it holds what OCI
// has no field for.
func Tidy(configuration Object) (hasDocker bool, err error) {
	config := Object{}
	if text, present := configuration["config"]; present {
		if err := json.Unmarshal(text, &config); err != nil {
			return false, fmt.Errorf("reading a configuration: %w", err)
		}
	}
	for _, name := range hostFields {
		delete(configuration, name)
	}
	for _, name := range hostConfigFields {
		delete(config, name)
	}
	for name, value := range config {
		if slices.Contains([]string{"null", `""`, "[]", "{}"}, string(value)) {
			delete(config, name)
		}
	}
	if configuration["config"], err = json.Marshal(config); err != nil {
		return false, fmt.Errorf("writing a configuration: %w", err)
	}
	return slices.ContainsFunc(OnlyDocker, func(name string) bool { return config[name] != nil }), nil
}

// ownFields are what every image has to say: the own one is kept where nothing else is wanted.
var ownFields = []string{"os", "architecture"}

// Reconfigured is the configuration `wanted` for an image that has `own` now. Layers are those of own, whatever wanted says of
// them; its history is made to tell of as many layers as there are. Equal arguments give equal bytes.
// The error is a *BadConfiguration where wanted is not what it should be.
func Reconfigured(own, wanted []byte) (configuration Object, hasDocker bool, err error) {
	var present Object
	if err := json.Unmarshal(own, &present); err != nil {
		return nil, false, fmt.Errorf("reading a configuration: %w", err)
	}
	if err := json.Unmarshal(wanted, &configuration); err != nil {
		return nil, false, &BadConfiguration{err}
	}
	if configuration == nil {
		return nil, false, &BadConfiguration{fmt.Errorf("it is null")}
	}
	configuration["rootfs"] = present["rootfs"]
	for _, name := range ownFields {
		if configuration[name] == nil {
			configuration[name] = present[name]
		}
	}
	var layers struct {
		DiffIDs []string `json:"diff_ids"`
	}
	if err := json.Unmarshal(present["rootfs"], &layers); err != nil {
		return nil, false, fmt.Errorf("reading the layers of a configuration: %w", err)
	}
	if err := fitHistory(configuration, len(layers.DiffIDs)); err != nil {
		return nil, false, &BadConfiguration{err}
	}
	if hasDocker, err = Tidy(configuration); err != nil {
		return nil, false, &BadConfiguration{err}
	}
	return configuration, hasDocker, nil
}

// BadConfiguration says that what was given is not the configuration of an image.
type BadConfiguration struct{ cause error }

// Error tells why.
func (b *BadConfiguration) Error() string {
	return "the configuration given for an image cannot be read: " + b.cause.Error()
}

// Unwrap gives the cause.
func (b *BadConfiguration) Unwrap() error { return b.cause }

// fitHistory makes as many entries of a history tell of layers as there are: those that are too many are marked empty, from
// the last one on, and what lacks is put in front, as the layers of a base whose history is not known. No history stays none.
func fitHistory(configuration Object, layers int) error {
	var history []Object
	if text, present := configuration["history"]; present {
		if err := json.Unmarshal(text, &history); err != nil {
			return fmt.Errorf("its history: %w", err)
		}
	}
	if len(history) == 0 {
		delete(configuration, "history")
		return nil
	}
	told := 0
	for _, entry := range history {
		if !isEmptyLayer(entry) {
			told++
		}
	}
	if told == layers {
		return nil
	}
	for i := len(history) - 1; told > layers; i-- {
		if isEmptyLayer(history[i]) {
			continue
		}
		if history[i] == nil {
			history[i] = Object{}
		}
		history[i]["empty_layer"] = json.RawMessage("true")
		told--
	}
	unknown := slices.Repeat([]Object{{}}, max(layers-told, 0))
	text, err := json.Marshal(append(unknown, history...))
	configuration["history"] = text
	return err
}

func isEmptyLayer(entry Object) bool { return string(entry["empty_layer"]) == "true" }

// CreatedAt reads when an image was made; the start of 1970 where it does not say.
func CreatedAt(configuration Object) time.Time {
	var at time.Time
	if json.Unmarshal(configuration["created"], &at) != nil || at.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return at.UTC()
}
