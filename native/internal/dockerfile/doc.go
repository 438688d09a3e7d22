// Package dockerfile reads Dockerfiles by BuildKit's parser: what the target needs, with variables substituted as a
// Dockerfile does, and what each instruction takes from the build context.
package dockerfile
