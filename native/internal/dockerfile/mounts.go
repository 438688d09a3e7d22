package dockerfile

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/recipe"
)

const (
	secretsDirectory = "/run/secrets/"
	agentSocket      = "/run/buildkit/ssh_agent."
	agentVariable    = "SSH_AUTH_SOCK"
	// cacheNamespace is a build argument that keeps apart caches with equal ids.
	cacheNamespace = "BUILDKIT_CACHE_MOUNT_NS"
)

// mounting is one `--mount`.
type mounting struct {
	recipe.Mount
	kind instructions.MountType
	// need is the number of what is mounted of the context; -1: nothing is.
	need int
	// id is that of a secret or of an agent.
	id string
	// variable gets the content of a secret; empty: none does. Without a target there is no file then.
	variable string
	// required says that there must be such a secret or agent; else nothing is mounted without one.
	required bool
	// access is the owner and the mode of what is made for a secret or an agent.
	access recipe.Access
}

// mountings reads the mounts of a RUN. images are those of the stages and images it mounts.
func (r Request) mountings(i *instruction, typed *instructions.RunCommand, images map[string]recipe.Image) ([]mounting, error) {
	var all []mounting
	needs, agents := i.needs, 0
	for _, mount := range instructions.GetMounts(typed) {
		one := mounting{kind: mount.Type, need: -1}
		var err error
		switch mount.Type {
		case instructions.MountTypeSecret:
			one.secret(mount)
		case instructions.MountTypeSSH:
			err = one.agent(mount, agents)
			agents++
		case instructions.MountTypeCache:
			one.cache(mount, r.cacheNamespace())
		case instructions.MountTypeBind:
			if mount.From == "" {
				one.need, needs = needs[0], needs[1:]
			}
		}
		if err == nil {
			err = one.place(mount, i.before.Config.WorkingDir)
		}
		if err != nil {
			return nil, err
		}
		if mount.From != "" {
			image := images[mount.From]
			one.Tree = &image
		}
		all = append(all, one)
	}
	return all, nil
}

// place reads where a mount is, and what it shows.
func (m *mounting) place(mount *instructions.Mount, working string) error {
	target := mount.Target
	switch {
	case m.Target != "":
		target = m.Target
	case target == "" && m.variable != "":
		return nil
	case target == "":
		return fmt.Errorf("--mount=type=%s has no target", mount.Type)
	}
	m.Target, m.ReadOnly = directoryIn(working, target), mount.ReadOnly
	if m.Target == "/" {
		return fmt.Errorf("--mount=type=%s cannot have the target /", mount.Type)
	}
	switch mount.Type {
	case instructions.MountTypeTmpfs:
		m.Size = mount.SizeLimit
	case instructions.MountTypeBind, instructions.MountTypeCache:
		m.Source = directoryIn("/", mount.Source)
	}
	return nil
}

func (m *mounting) secret(mount *instructions.Mount) {
	m.id, m.required, m.access = mount.CacheID, mount.Required, accessOf(mount, 0o400)
	if mount.Source != "" {
		m.id = mount.Source
	}
	if m.id == "" {
		m.id = path.Base(mount.Target)
	}
	if mount.Env == nil {
		if mount.Target == "" {
			m.Target = secretsDirectory + path.Base(m.id)
		}
		return
	}
	if m.variable = *mount.Env; m.variable == "" {
		m.variable = m.id
	}
}

func (m *mounting) agent(mount *instructions.Mount, number int) error {
	if mount.Source != "" {
		return fmt.Errorf("--mount=type=ssh has no source")
	}
	m.id, m.required, m.access = mount.CacheID, mount.Required, accessOf(mount, 0o600)
	if m.id == "" {
		m.id = "default"
	}
	if mount.Target == "" {
		m.Target = agentSocket + strconv.Itoa(number)
	}
	return nil
}

func (m *mounting) cache(mount *instructions.Mount, namespace string) {
	m.Cache = &recipe.Cache{ID: mount.CacheID, Sharing: recipe.Sharing(mount.CacheSharing)}
	if m.Cache.ID == "" {
		m.Cache.ID = path.Clean(mount.Target)
	}
	m.Cache.ID = namespace + "/" + m.Cache.ID
	if m.Cache.Sharing == "" {
		m.Cache.Sharing = recipe.SharedCache
	}
	if mount.Mode != nil || mount.UID != nil || mount.GID != nil {
		access := accessOf(mount, 0o755)
		m.Cache.Access = &access
	}
}

func (r Request) cacheNamespace() string {
	for _, argument := range r.BuildArgs {
		if argument.Name == cacheNamespace {
			return argument.Value
		}
	}
	return ""
}

func accessOf(mount *instructions.Mount, mode fs.FileMode) recipe.Access {
	made := recipe.Access{Mode: mode}
	if mount.Mode != nil {
		made.Mode = fs.FileMode(*mount.Mode) & 0o7777
	}
	if mount.UID != nil {
		made.UID = int(*mount.UID)
	}
	if mount.GID != nil {
		made.GID = int(*mount.GID)
	}
	return made
}

// decide adds what decides a mount to a key: where it is and how, and what it shows of images and of the context. What
// caches hold and what secrets say decides nothing.
func (m *mounting) decide(k *key, r Request) {
	k.add(m.Target, m.Source, strconv.FormatBool(m.ReadOnly), strconv.FormatInt(m.Size, 10))
	if m.need >= 0 {
		checksum, _ := r.checksum(m.need)
		k.add("context", checksum)
	} else if m.Tree != nil {
		k.layers(*m.Tree)
	}
	switch m.kind {
	case instructions.MountTypeSecret, instructions.MountTypeSSH:
		k.add(string(m.kind), m.id, m.variable, strconv.FormatBool(m.required), m.access.String())
	case instructions.MountTypeCache:
		k.add(string(m.kind), m.Cache.ID, string(m.Cache.Sharing))
		if m.Cache.Access != nil {
			k.add(m.Cache.Access.String())
		}
	}
}

// given completes a mount of a secret or an agent by what was given to the build. shown is false where nothing is to be
// mounted; env is the environment, with what the mount adds to it.
func (m *mounting) given(r Request, env []string) (shown bool, with []string, err error) {
	switch m.kind {
	case instructions.MountTypeSecret:
		return m.givenSecret(r, env)
	case instructions.MountTypeSSH:
		return m.givenAgent(r, env)
	}
	return true, env, nil
}

func (m *mounting) givenSecret(r Request, env []string) (shown bool, with []string, err error) {
	content, known := r.Secrets[m.id]
	if !known && m.required {
		return false, nil, fmt.Errorf("the secret %q is required, and none of that id is given: add it to `secrets` of the image", m.id)
	}
	if !known {
		return false, env, nil
	}
	if m.variable != "" {
		if slices.Contains(content, 0) {
			return false, nil, fmt.Errorf("the secret %q cannot be the variable %s: it holds a zero byte", m.id, m.variable)
		}
		env = withVariable(slices.Clone(env), m.variable, string(content))
	}
	m.Secret = &recipe.Secret{Content: content, Access: m.access}
	return m.Target != "", env, nil
}

func (m *mounting) givenAgent(r Request, env []string) (shown bool, with []string, err error) {
	socket, known := r.Agents[m.id]
	if known {
		var obstacle error
		if obstacle = recipe.CheckAgent(socket); obstacle != nil && m.required {
			return false, nil, fmt.Errorf("the SSH agent %q is required: %w", m.id, obstacle)
		}
		known = obstacle == nil
	}
	if !known && m.required {
		return false, nil, fmt.Errorf("the SSH agent %q is required, and there is none: start one and set %s", m.id, agentVariable)
	}
	if !known {
		return false, env, nil
	}
	m.Agent = &recipe.Agent{Socket: socket, Access: m.access}
	if !slices.ContainsFunc(env, func(pair string) bool { return strings.HasPrefix(pair, agentVariable+"=") }) {
		env = append(slices.Clone(env), agentVariable+"="+m.Target)
	}
	return true, env, nil
}
