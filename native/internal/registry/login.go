package registry

import (
	"context"
	"errors"
	"fmt"

	"go.podman.io/image/v5/docker"

	"slipway.dev/engine/internal/protocol"
)

// Login asks a registry whether it accepts a user. A registry that lets everybody in accepts everyone.
func Login(ctx context.Context, settings protocol.Settings, asked protocol.RegistryLogin) error {
	// Credentials and permissions are looked up for repositories: any one of the registry will do.
	system, err := SystemContext(settings, asked.Registry+"/any")
	if err != nil {
		return err
	}
	return retryLookup(ctx, func() error {
		err := docker.CheckAuth(ctx, system, asked.Username, asked.Password, asked.Registry)
		return loginFault(err, asked)
	})
}

func loginFault(err error, asked protocol.RegistryLogin) error {
	var denied docker.ErrUnauthorizedForCredentials
	var fault *Fault
	err = Classify(err, "logging in to", asked.Registry)
	if !errors.As(err, &fault) {
		return err
	}
	switch {
	case errors.As(err, &denied) || fault.Code == Denied:
		return &Fault{Code: Denied, Cause: err, Hint: "is the password, or the token, right and still valid?",
			Message: fmt.Sprintf("%s does not accept the user %q with this password", asked.Registry, asked.Username)}
	case fault.Code == NotFound:
		return &Fault{Code: NotFound, Cause: err, Hint: "give the address that images of this registry begin with",
			Message: fmt.Sprintf("%s is no registry: it answered 404 Not Found", asked.Registry)}
	}
	return err
}
